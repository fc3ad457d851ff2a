// The opcodes that name functions and call them: what becomes of the calls.
#include <algorithm>

#include "loaders/pickle/machine.h"
#include "loaders/pickle/strings.h"
#include "loaders/shown.h"

namespace phosphene {
namespace {

// Python 2 called two of its modules otherwise.
std::string global_name(std::string_view module, std::string_view name) {
  if (module == "__builtin__") module = "builtins";
  if (module == "copy_reg") module = "copyreg";
  return fmt::format("{}.{}", module, name);
}

bool makes_a_dict(std::string_view function) {
  return function == "collections.OrderedDict" || function == "collections.defaultdict" ||
         function == "collections.Counter" || function == "builtins.dict";
}

bool makes_a_set(std::string_view function) { return function == "builtins.set" || function == "builtins.frozenset"; }

}  // namespace

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  if (module.size() > kMaxName || name.size() > kMaxName)
    refuse("names a function with more than {} letters", kMaxName);
  const PickleId id = add({.kind = Kind::global, .text = own(global_name(module, name))});
  if (unknown_ == kNothing && !std::binary_search(allowed_.begin(), allowed_.end(), node(id).text)) unknown_ = id;
  push(id);
}

bool PickleMachine::object(char opcode) {
  switch (opcode) {
    case 'c': {
      const std::string_view module = line();
      push_global(module, line());
      return true;
    }
    case '\x93': {
      const PickleNode name = node(pop()), module = node(pop());
      if (name.kind != Kind::text || module.kind != Kind::text) refuse("names a function by something other than text");
      push_global(module.text, name.text);
      return true;
    }
    case 'R':
      reduce();
      return true;
    case '\x81': {
      const PickleId arguments = pop();
      make_instance(pop(), arguments);
      return true;
    }
    case '\x92': {
      pop();  // arguments by name
      const PickleId arguments = pop();
      make_instance(pop(), arguments);
      return true;
    }
    case 'o':
    case 'i': {
      std::vector<PickleId> arguments;
      if (opcode == 'i') {
        const std::string_view module = line();
        const std::string_view name = line();
        arguments = pop_to_mark();
        push_global(module, name);
        const PickleId function = pop();
        make_instance(function, add({.kind = Kind::tuple, .items = std::move(arguments)}));
        return true;
      }
      arguments = pop_to_mark();
      if (arguments.empty()) refuse("makes an object of no class");
      const PickleId function = arguments.front();
      arguments.erase(arguments.begin());
      make_instance(function, add({.kind = Kind::tuple, .items = std::move(arguments)}));
      return true;
    }
    case 'b':
      set_state();
      return true;
    case 'Q':
      push({.kind = Kind::persistent, .items = {pop()}});
      return true;
    case 'P': {
      const PickleId name = add({.kind = Kind::text, .text = line()});
      push({.kind = Kind::persistent, .items = {name}});
      return true;
    }
    case '\x82':
    case '\x83':
    case '\x84':
      refuse("names a function by its number in a registry of Python's; only tensors are read");
    default:
      return false;
  }
}

// Of a class as a pickle names it: by a global, or by the tuple ("module", class, file, source) that PyTorch wrote for modules.
std::string_view PickleMachine::class_name(PickleId function) const {
  const PickleNode* named = &pickle_.node(function);
  if (named->kind == Kind::persistent) {
    const PickleNode& tuple = pickle_.node(named->items[0]);
    if (tuple.kind == Kind::tuple && tuple.items.size() > 1) named = &pickle_.node(tuple.items[1]);
  }
  return named->kind == Kind::global ? named->text : std::string_view();
}

void PickleMachine::make_instance(PickleId function, PickleId arguments) {
  const std::string_view name = class_name(function);
  if (name.empty()) refuse("makes an object of something other than a class");
  if (node(function).kind != Kind::global || !std::binary_search(allowed_.begin(), allowed_.end(), name)) {
    refuse("holds an object of the class '{}', not tensors alone; save model.state_dict() instead of the whole model",
           shown(name));
  }
  if (makes_a_dict(name))
    push(made_dict(node(arguments)));
  else
    push({.kind = Kind::call, .items = {function, arguments}});
}

void PickleMachine::reduce() {
  const PickleId arguments = pop();
  const PickleId function = pop();
  const PickleNode& called = node(function);
  const PickleNode& values = node(arguments);
  if (called.kind != Kind::global || values.kind != Kind::tuple) refuse("calls something other than a function");
  if (!std::binary_search(allowed_.begin(), allowed_.end(), called.text))
    refuse("would call '{}'; only tensors are read", shown(called.text));
  if (called.text == "copyreg._reconstructor") {  // class, its base, the state of the base
    if (values.items.empty()) refuse("makes an object of no class");
    make_instance(values.items[0], empty_tuple_);
  } else if (makes_a_dict(called.text)) {
    push(made_dict(values));
  } else if (makes_a_set(called.text)) {
    push(made_set(values));
  } else if (called.text == "_codecs.encode" || called.text == "builtins.bytes" ||
             called.text == "builtins.bytearray") {
    push(made_bytes(values));
  } else {
    push({.kind = Kind::call, .items = {function, arguments}});
  }
}

// From a list of pairs or another dict, the last argument.
PickleNode PickleMachine::made_dict(const PickleNode& arguments) {
  PickleNode dict{.kind = Kind::dict};
  if (arguments.items.empty()) return dict;
  const PickleNode& given = node(arguments.items.back());
  if (given.kind == Kind::dict) {
    dict.items = given.items;
  } else if (given.kind == Kind::list || given.kind == Kind::tuple) {
    for (const PickleId id : given.items) {
      const PickleNode& pair = node(id);
      if ((pair.kind != Kind::list && pair.kind != Kind::tuple) || pair.items.size() != 2)
        refuse("makes a dict of something other than a list of pairs");
      dict.items.insert(dict.items.end(), pair.items.begin(), pair.items.end());
    }
  }
  return dict;
}

PickleNode PickleMachine::made_set(const PickleNode& arguments) {
  PickleNode set{.kind = Kind::set};
  if (arguments.items.empty()) return set;
  const PickleNode& given = node(arguments.items[0]);
  if (given.kind != Kind::list && given.kind != Kind::tuple && given.kind != Kind::set)
    refuse("makes a set of something other than a list");
  set.items = given.items;
  return set;
}

// Python 3 writes bytes as Latin-1 text before protocol 3.
PickleNode PickleMachine::made_bytes(const PickleNode& arguments) {
  PickleNode made{.kind = Kind::bytes};
  if (arguments.items.empty()) return made;
  const PickleNode& given = node(arguments.items[0]);
  if (given.kind == Kind::bytes) return given;
  if (given.kind != Kind::text) refuse("makes bytes of something other than text");
  const std::string_view coding = arguments.items.size() > 1 ? node(arguments.items[1]).text : std::string_view();
  if (coding != "latin1" && coding != "latin-1") refuse("makes bytes of a text in the coding '{}'", shown(coding));
  auto bytes = latin1_bytes(given.text);
  if (!bytes) refuse("makes bytes of a text that has other letters than Latin-1");
  made.text = own(std::move(*bytes));
  return made;
}

// An object's state is kept as its next item. A dict's is left out: PyTorch's state dicts have their versions there.
void PickleMachine::set_state() {
  const PickleId state = pop();
  PickleNode& object = top();
  if (object.kind == Kind::dict) return;
  if (object.kind != Kind::call) refuse("sets the state of something that has none");
  count_items(1);
  object.items.push_back(state);
}

}  // namespace phosphene
