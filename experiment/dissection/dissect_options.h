// What a dissection is asked.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "experiment/dissection/alignment.h"
#include "experiment/run/progress.h"
#include "runtime/device_choice.h"

namespace phosphene {

struct DissectOptions {
  std::string model, data, layer;
  std::string units = "all";  // as experiment/examples/unit_list.h reads them
  std::string out;
  double quantile = 0.005;
  bool approximate = false;  // one reading of the photographs less: thresholds at the upper end of their bins
  Alignment alignment = Alignment::receptive_field;
  int64_t size = 0;                 // side of the pictures that the network sees; 0: what it was trained at
  int64_t permutations = 5;         // rounds of other photographs' masks
  uint64_t seed = 0;                // of these, and of random directions
  std::vector<uint64_t> rotations;  // seeds: of each a random rotation of the layer's channels
  std::vector<double> alphas = {0, 0.25, 0.5, 0.75, 1};  // their powers, from 0 to 1
  int64_t random = 0;                                    // random single directions, of `seed`
  std::string directions;                                // a .safetensors of directions; or ""
  int64_t top = 4;                                       // photographs kept of each unit
  bool restart = false;                                  // forget what `out` holds
  double seconds_between_saves = 30;
  DeviceOptions device;
  const std::atomic<bool>* stop = nullptr;  // set: stop after the photographs at hand, keep what was counted
  Progress* progress = nullptr;
};

}  // namespace phosphene
