// Which of a pickle's tensors are the network's, and what they are called.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loaders/pickle/pickle.h"

namespace phosphene {

// Bounds on what a table of tensors takes.
inline constexpr size_t kMaxStateTensors = size_t{1} << 16;
inline constexpr size_t kMaxStateName = 500;  // letters of a tensor's

struct NamedNode {
  std::string name;
  PickleId id = 0;
};

struct ChosenTensors {
  std::vector<NamedNode> tensors;         // in the file's order
  std::string taken;                      // the keys they stand under, joined by '.'; "" at the top
  std::vector<std::string> alternatives;  // dicts of tensors that were left
  std::vector<std::string> skipped;       // what stands beside the tensors and is none, or belongs to the training
  size_t skipped_more = 0;                // beyond those of the list
};

// The tensors of the top dict, or of the one beneath it that holds the weights: in this order "state_dict", "model_state_dict",
// "model_state", then "model", "net", "network", "weights", "params", "module" if nothing else beside them holds tensors, then averaged
// weights ("ema" and the like), which come first if `averaged` asks for them, then the only dict of tensors there is. Optimizers' and
// schedulers' states never count. A network's own dicts and lists within that one give names joined by '.': keys of dicts, indices of
// lists. Throws when there are no tensors, too many, or names too long.
ChosenTensors choose_tensors(const std::string& path, const Pickle& pickle, bool averaged);

// Removes what training scripts put before all names ("module.", "_orig_mod.", "model."), and returns it.
std::string strip_prefix(std::vector<std::string*> names);

}  // namespace phosphene
