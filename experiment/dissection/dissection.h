// Network dissection: which of a folder's concepts each unit of a layer agrees with, where it responds most (D. Bau, B. Zhou, A. Khosla,
// A. Oliva, A. Torralba, "Network Dissection: Quantifying Interpretability of Deep Visual Representations", CVPR 2017). The
// photographs are streamed, two or three times, in memory that does not grow with their number. Writes into a folder:
//   dissection.json    what was asked, concepts, units, and what they find between them
//   units.csv          a line for each unit
//   dissection.html    the page; pictures/ has the photographs of the best units, dark where the unit does not exceed its threshold
//   state.safetensors  all counts, for the same command to go on with
#pragma once

#include <nlohmann/json.hpp>

#include "experiment/dissection/dissect_options.h"
#include "loaders/json.h"

namespace phosphene {

struct DissectResult {
  Json record;       // dissection.json
  std::string page;  // path of dissection.html
  int64_t photographs = 0;
  int64_t now = 0;     // readings of a photograph by this call
  double seconds = 0;  // that they took
  bool interrupted = false;
};

// A call that was stopped is continued by the same one, with the same result.
DissectResult dissect(const DissectOptions& options);

}  // namespace phosphene
