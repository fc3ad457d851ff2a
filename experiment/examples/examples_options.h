// What a search for examples is asked.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "experiment/run/progress.h"
#include "runtime/device_choice.h"

namespace phosphene {

struct ExamplesOptions {
  std::string model, folder, layer;
  std::string units = "all";  // as experiment/examples/unit_list.h reads them
  std::string out;
  std::string render;  // a run folder with pictures of the units; or ""
  int64_t per_unit = 8;
  std::vector<double> scales = {1, 0.7, 0.5};
  bool restart = false;  // forget what `out` holds
  double seconds_between_saves = 30;
  DeviceOptions device;
  const std::atomic<bool>* stop = nullptr;  // set: stop after the photograph, keep what was found
  Progress* progress = nullptr;
};

}  // namespace phosphene
