#include "loaders/state_dict/nesting.h"

#include <algorithm>
#include <array>

#include "loaders/shown.h"
#include "loaders/state_dict/pickled.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Kind = PickleNode::Kind;
using Words = std::span<const std::string_view>;

constexpr size_t kMaxListed = 100;
constexpr int kMaxDepth = 64;
constexpr int kMaxWrappers = 4;  // dicts around the one with the weights

constexpr auto kSureNames = std::to_array<std::string_view>({"state_dict", "model_state_dict", "model_state"});
constexpr auto kLikelyNames =
    std::to_array<std::string_view>({"model", "net", "network", "weights", "params", "module"});
constexpr auto kAveragedNames =
    std::to_array<std::string_view>({"state_dict_ema", "ema_state_dict", "model_ema", "model_ema_state_dict",
                                     "ema_model", "ema", "params_ema", "averaged_model"});
constexpr auto kTrainingNames =
    std::to_array<std::string_view>({"scaler", "grad_scaler", "amp", "amp_scaler", "callbacks", "loops", "criterion",
                                     "hyper_parameters", "hparams", "args", "config"});

bool is_one_of(Words words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_container(const PickleNode& node) {
  return node.kind == Kind::dict || node.kind == Kind::list || node.kind == Kind::tuple;
}

// Never the network's, whatever tensors they hold: momenta, states of random generators.
bool belongs_to_training(std::string_view key, bool container) {
  const auto contains = [&](std::string_view part) { return key.find(part) != std::string_view::npos; };
  if (contains("rng_state")) return true;
  return container && (contains("optim") || contains("sched") || is_one_of(kTrainingNames, key));
}

// What a dict or list holds, under its key or index.
struct Item {
  std::string key;
  PickleId id = 0;
};

class Choice {
 public:
  Choice(const std::string& path, const Pickle& pickle, bool averaged)
      : path_(path), pickle_(pickle), averaged_(averaged), tensors_in_(pickle.size(), Seen::no) {}

  ChosenTensors run() {
    PickleId level = pickle_.root();
    if (is_tensor(pickle_, level)) fail(path_, "holds one tensor without a name; expected a dict of them");
    if (!holds_tensors(level, 0)) fail(path_, "holds no tensors");
    std::vector<Item> items = items_of(level);
    for (int i = 0; i < kMaxWrappers && pickle_.node(level).kind == Kind::dict; ++i) {
      const Item* const wrapped = inner(items);
      if (wrapped == nullptr) break;
      for (const Item& item : items) {
        const auto& left = chosen_.alternatives;
        const bool listed = std::find(left.begin(), left.end(), shown(join(chosen_.taken, item.key))) != left.end();
        if (&item != wrapped && !listed) skip(chosen_.taken, item.key);
      }
      level = wrapped->id;
      chosen_.taken = join(chosen_.taken, wrapped->key);
      items = items_of(level);
    }
    if (averaged_ && !found_averaged_) fail(path_, "holds no averaged weights beside the others");
    const bool has_others = std::any_of(items.begin(), items.end(), [&](const Item& item) { return is_weight(item); });
    for (const Item& item : items) {
      if (has_others && !is_weight(item))
        skip("", item.key);
      else
        flatten(item, "", 0);
    }
    if (!has_others) fail(path_, "holds no tensors but those of the training ('{}')", shown(items.front().key));
    return std::move(chosen_);
  }

 private:
  enum class Seen : uint8_t { no, open, without, with };

  static std::string join(const std::string& outer, const std::string& key) {
    return outer.empty() ? key : outer + "." + key;
  }

  void skip(const std::string& outer, const std::string& key) {
    if (chosen_.skipped.size() < kMaxListed)
      chosen_.skipped.push_back(shown(join(outer, key)));
    else
      ++chosen_.skipped_more;
  }

  // Each node is looked into once, so circles and what is shared cost nothing.
  bool holds_tensors(PickleId id, int depth) {
    if (is_tensor(pickle_, id)) return true;
    const PickleNode& node = pickle_.node(id);
    if (!is_container(node)) return false;
    if (tensors_in_[id] != Seen::no) return tensors_in_[id] == Seen::with;
    if (depth > kMaxDepth) fail(path_, "is nested too deep: more than {} levels", kMaxDepth);
    tensors_in_[id] = Seen::open;
    bool found = false;
    const size_t step = node.kind == Kind::dict ? 2 : 1;
    for (size_t i = step - 1; i < node.items.size(); i += step) found |= holds_tensors(node.items[i], depth + 1);
    tensors_in_[id] = found ? Seen::with : Seen::without;
    return found;
  }

  bool is_weight(const Item& item) {
    return holds_tensors(item.id, 0) && !belongs_to_training(item.key, is_container(pickle_.node(item.id)));
  }

  std::string key_of(PickleId id) {
    const PickleNode& key = pickle_.node(id);
    if (key.kind == Kind::text || key.kind == Kind::bytes) {
      if (key.text.size() > kMaxStateName)
        fail(path_, "holds a name of {} letters: '{}'", key.text.size(), shown(key.text));
      return std::string(key.text);
    }
    if (key.kind == Kind::integer) return std::to_string(key.integer);
    return "?";  // such as a tuple: no name of a tensor
  }

  std::vector<Item> items_of(PickleId id) {
    const PickleNode& node = pickle_.node(id);
    std::vector<Item> items;
    if (node.kind == Kind::dict) {
      for (size_t i = 0; i + 1 < node.items.size(); i += 2) {
        items.push_back({key_of(node.items[i]), node.items[i + 1]});
        if (items.back().key == "?" && holds_tensors(items.back().id, 0))
          fail(path_, "holds a tensor under a key that is neither a text nor an integer");
      }
    } else {
      for (size_t i = 0; i < node.items.size(); ++i) items.push_back({std::to_string(i), node.items[i]});
    }
    if (items.size() > kMaxStateTensors) fail(path_, "holds more than {} values in one dict or list", kMaxStateTensors);
    return items;
  }

  // The first of `words` that is the key of a dict with tensors.
  const Item* called(const std::vector<const Item*>& dicts, Words words) {
    for (const std::string_view word : words) {
      for (const Item* item : dicts) {
        if (item->key == word) return item;
      }
    }
    return nullptr;
  }

  // The item that holds the weights, if not all do.
  const Item* inner(const std::vector<Item>& items) {
    std::vector<const Item*> dicts, averaged;
    size_t likely = 0, others = 0, beside = 0;
    for (const Item& item : items) {
      const PickleNode& node = pickle_.node(item.id);
      if (!is_weight(item) || (!is_container(node) && is_scalar(pickle_, item.id))) {
        ++beside;  // such as an accuracy
      } else if (!is_container(node)) {
        ++others;
      } else {
        dicts.push_back(&item);
        if (is_one_of(kAveragedNames, item.key))
          averaged.push_back(&item);
        else if (is_one_of(kLikelyNames, item.key))
          ++likely;
        else if (!is_one_of(kSureNames, item.key))
          ++others;
      }
    }
    const Item* taken = called(dicts, kSureNames);
    if (taken == nullptr && others == 0)
      taken = likely > 0 ? called(dicts, kLikelyNames) : called(dicts, kAveragedNames);
    if (averaged_ && !found_averaged_ && !averaged.empty()) {
      taken = called(averaged, kAveragedNames);
      found_averaged_ = true;
    }
    if (taken == nullptr && dicts.size() == 1 && others == 1 && beside > 0) taken = dicts.front();
    if (taken == nullptr) return nullptr;
    for (const Item* item : dicts) {
      if (item != taken && chosen_.alternatives.size() < kMaxListed)
        chosen_.alternatives.push_back(shown(join(chosen_.taken, item->key)));
    }
    return taken;
  }

  void flatten(const Item& item, const std::string& outer, int depth) {
    const std::string name = join(outer, item.key);
    if (!holds_tensors(item.id, 0)) return skip(outer, item.key);
    if (name.size() > kMaxStateName)
      fail(path_, "holds a name of more than {} letters: '{}'", kMaxStateName, shown(name));
    if (depth > kMaxDepth) fail(path_, "is nested too deep: more than {} levels", kMaxDepth);
    if (is_tensor(pickle_, item.id)) {
      if (name.empty()) fail(path_, "holds a tensor without a name");
      if (chosen_.tensors.size() == kMaxStateTensors) fail(path_, "holds more than {} tensors", kMaxStateTensors);
      chosen_.tensors.push_back({name, item.id});
      return;
    }
    for (const Item& part : items_of(item.id)) flatten(part, name, depth + 1);
  }

  const std::string& path_;
  const Pickle& pickle_;
  bool averaged_, found_averaged_ = false;
  std::vector<Seen> tensors_in_;
  ChosenTensors chosen_;
};

}  // namespace

ChosenTensors choose_tensors(const std::string& path, const Pickle& pickle, bool averaged) {
  return Choice(path, pickle, averaged).run();
}

std::string strip_prefix(std::vector<std::string*> names) {
  constexpr auto kPrefixes = std::to_array<std::string_view>({"module.", "_orig_mod.", "model."});
  std::string stripped;
  const auto shared = [&](std::string_view prefix) {
    return std::all_of(names.begin(), names.end(), [&](const std::string* name) {
      return name->size() > prefix.size() && name->starts_with(prefix);
    });
  };
  while (!names.empty()) {
    const auto* const prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(), shared);
    if (prefix == kPrefixes.end()) break;
    for (std::string* name : names) name->erase(0, prefix->size());
    stripped += *prefix;
  }
  return stripped;
}

}  // namespace phosphene
