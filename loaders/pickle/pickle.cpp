#include "loaders/pickle/pickle.h"

#include <bit>

#include "loaders/pickle/machine.h"
#include "loaders/pickle/strings.h"
#include "loaders/shown.h"

namespace phosphene {

Pickle PickleMachine::run() {
  for (size_t opcodes = 0; opcodes < kMaxOpcodes; ++opcodes) {
    opcode_at_ = at_;
    const char opcode = take(1)[0];
    if (opcode == '.') return finish();
    if (!constant(opcode) && !ascii(opcode) && !text(opcode) && !structure(opcode) && !memo(opcode) && !object(opcode))
      refuse("holds the byte {:#04x}, which is no opcode", static_cast<unsigned char>(opcode));
  }
  refuse("takes more than {} opcodes", kMaxOpcodes);
}

// Little-endian, two's complement, of any length.
void PickleMachine::push_long(std::string_view digits) {
  if (digits.size() > sizeof(int64_t)) return push_text(Kind::big_integer, digits);
  uint64_t value = !digits.empty() && static_cast<signed char>(digits.back()) < 0 ? ~uint64_t{0} : 0;
  std::memcpy(&value, digits.data(), digits.size());
  push({.kind = Kind::integer, .integer = static_cast<int64_t>(value)});
}

bool PickleMachine::constant(char opcode) {
  const auto push_integer = [&](int64_t value) { push({.kind = Kind::integer, .integer = value}); };
  switch (opcode) {
    case 'N':
      push(none_);
      return true;
    case '\x88':
      push(constants_[1]);
      return true;
    case '\x89':
      push(constants_[0]);
      return true;
    case 'K':
      push_integer(number<uint8_t>());
      return true;
    case 'M':
      push_integer(number<uint16_t>());
      return true;
    case 'J':
      push_integer(number<int32_t>());
      return true;
    case '\x8A':
      push_long(take(number<uint8_t>()));
      return true;
    case '\x8B': {
      const auto length = number<int32_t>();
      if (length < 0) refuse("holds an integer of {} bytes", length);
      push_long(take(static_cast<uint64_t>(length)));
      return true;
    }
    case 'G': {
      PickleNode value{.kind = Kind::real};
      value.real = std::bit_cast<double>(__builtin_bswap64(number<uint64_t>()));
      push(std::move(value));
      return true;
    }
    default:
      return false;
  }
}

// Protocol 0: numbers and texts that end with their line.
bool PickleMachine::ascii(char opcode) {
  switch (opcode) {
    case 'I':
    case 'L': {
      std::string_view digits = line();
      if (opcode == 'I' && (digits == "00" || digits == "01")) {
        push(constants_[digits == "01" ? 1 : 0]);
        return true;
      }
      if (opcode == 'L' && !digits.empty() && digits.back() == 'L') digits.remove_suffix(1);
      const auto value = decimal_integer(digits);
      if (value)
        push({.kind = Kind::integer, .integer = *value});
      else if (is_decimal(digits))
        push_text(Kind::big_integer, digits);
      else
        refuse("holds '{}', which is no integer", shown(digits));
      return true;
    }
    case 'F': {
      const std::string_view digits = line();
      const auto value = decimal_real(digits);
      if (!value) refuse("holds '{}', which is no number", shown(digits));
      PickleNode node{.kind = Kind::real};
      node.real = *value;
      push(std::move(node));
      return true;
    }
    case 'S':
      push_owned(unescaped_literal(line()));
      return true;
    case 'V':
      push_owned(unescaped_unicode(line()));
      return true;
    default:
      return false;
  }
}

bool PickleMachine::text(char opcode) {
  switch (opcode) {
    case 'X':
      push_text(Kind::text, take(number<uint32_t>()));
      return true;
    case '\x8C':
      push_text(Kind::text, take(number<uint8_t>()));
      return true;
    case '\x8D':
      push_text(Kind::text, take(number<uint64_t>()));
      return true;
    case 'U':
      push_text(Kind::text, take(number<uint8_t>()));
      return true;
    case 'T':
      push_text(Kind::text, take(number<uint32_t>()));
      return true;
    case 'B':
      push_text(Kind::bytes, take(number<uint32_t>()));
      return true;
    case 'C':
      push_text(Kind::bytes, take(number<uint8_t>()));
      return true;
    case '\x8E':
    case '\x96':
      push_text(Kind::bytes, take(number<uint64_t>()));
      return true;
    case '\x97':
    case '\x98':
      refuse("keeps numbers outside of the file, in buffers of protocol 5");
    default:
      return false;
  }
}

// Puts more into the list, set, dict or instance on top of the stack.
void PickleMachine::extend(const std::vector<PickleId>& items, bool pairs) {
  PickleNode& container = top();
  if (container.kind == Kind::call) return;  // an instance of a class made from one of these: never looked into
  const bool fits = pairs ? container.kind == Kind::dict : container.kind == Kind::list || container.kind == Kind::set;
  if (!fits || (pairs && items.size() % 2 != 0)) refuse("puts items into something other than a list or dict");
  count_items(items.size());
  container.items.insert(container.items.end(), items.begin(), items.end());
}

bool PickleMachine::structure(char opcode) {
  switch (opcode) {
    case '(':
      if (marks_.size() == kMaxStack) refuse("needs more than {} marks", kMaxStack);
      marks_.push_back(stack_.size());
      return true;
    case '0':
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();
      else
        pop();
      return true;
    case '1':
      pop_to_mark();
      return true;
    case '2':
      need(1);
      push(stack_.back());
      return true;
    case ']':
      push({.kind = Kind::list});
      return true;
    case '}':
      push({.kind = Kind::dict});
      return true;
    case '\x8F':
      push({.kind = Kind::set});
      return true;
    case ')':
      push(empty_tuple_);
      return true;
    case 'l':
      push({.kind = Kind::list, .items = pop_to_mark()});
      return true;
    case 't':
      push({.kind = Kind::tuple, .items = pop_to_mark()});
      return true;
    case '\x91':
      push({.kind = Kind::set, .items = pop_to_mark()});
      return true;
    case '\x85':
      push({.kind = Kind::tuple, .items = pop_some(1)});
      return true;
    case '\x86':
      push({.kind = Kind::tuple, .items = pop_some(2)});
      return true;
    case '\x87':
      push({.kind = Kind::tuple, .items = pop_some(3)});
      return true;
    case 'd': {
      std::vector<PickleId> items = pop_to_mark();
      if (items.size() % 2 != 0) refuse("makes a dict with a key that has no value");
      push({.kind = Kind::dict, .items = std::move(items)});
      return true;
    }
    case 'a':
      extend({pop()}, false);
      return true;
    case 'e':
    case '\x90':
      extend(pop_to_mark(), false);
      return true;
    case 's':
      extend(pop_some(2), true);
      return true;
    case 'u':
      extend(pop_to_mark(), true);
      return true;
    default:
      return false;
  }
}

void PickleMachine::remember(uint64_t key) {
  need(1);
  if (key >= kMaxMemo) refuse("numbers more than {} values to come back to", kMaxMemo);
  if (key >= memo_.size()) memo_.resize(key + 1, kNothing);
  if (memo_[key] == kNothing) ++memo_used_;
  memo_[key] = stack_.back();
}

void PickleMachine::recall(uint64_t key) {
  if (key >= memo_.size() || memo_[key] == kNothing) refuse("comes back to value {}, which there is not", key);
  push(memo_[key]);
}

bool PickleMachine::memo(char opcode) {
  const auto key = [&] {
    const std::string_view digits = line();
    const auto value = decimal_integer(digits);
    if (!value || *value < 0) refuse("numbers a value '{}'", shown(digits));
    return static_cast<uint64_t>(*value);
  };
  switch (opcode) {
    case 'p':
      remember(key());
      return true;
    case 'q':
      remember(number<uint8_t>());
      return true;
    case 'r':
      remember(number<uint32_t>());
      return true;
    case '\x94':
      remember(memo_used_);
      return true;
    case 'g':
      recall(key());
      return true;
    case 'h':
      recall(number<uint8_t>());
      return true;
    case 'j':
      recall(number<uint32_t>());
      return true;
    case '\x80': {
      const int protocol = number<uint8_t>();
      if (protocol > kMaxProtocol) refuse("is of protocol {}; at most {} is read", protocol, kMaxProtocol);
      return true;
    }
    case '\x95':
      if (number<uint64_t>() > bytes_.size() - at_)
        refuse("announces more bytes than there are: it is truncated or damaged");
      return true;
    default:
      return false;
  }
}

Pickle PickleMachine::finish() {
  const PickleId root = pop();
  if (!stack_.empty() || !marks_.empty()) refuse("ends with {} values left on its stack: it is damaged", stack_.size());
  if (unknown_ != kNothing)
    refuse("names '{}', which makes no tensor; only tensors are read", shown(node(unknown_).text));
  pickle_.root_ = root;
  pickle_.bytes_ = at_;
  return std::move(pickle_);
}

Pickle Pickle::read(const std::string& place, std::span<const std::byte> bytes,
                    std::span<const std::string_view> allowed) {
  return PickleMachine(place, bytes, allowed).run();
}

std::string_view Pickle::called(PickleId id) const {
  const PickleNode& found = node(id);
  if (found.kind == Kind::call) return node(found.items[0]).text;
  return found.kind == Kind::global ? found.text : std::string_view();
}

const PickleNode* Pickle::argument(const PickleNode& call, size_t index) const {
  const PickleNode& arguments = node(call.items[1]);
  return arguments.kind == Kind::tuple && index < arguments.items.size() ? &node(arguments.items[index]) : nullptr;
}

const PickleNode* Pickle::value(const PickleNode& dict, std::string_view key) const {
  for (size_t i = dict.items.size(); i >= 2; i -= 2) {
    const PickleNode& name = node(dict.items[i - 2]);
    if (name.kind == Kind::text && name.text == key) return &node(dict.items[i - 1]);
  }
  return nullptr;
}

}  // namespace phosphene
