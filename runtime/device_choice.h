// Which backend a run gets. The CUDA backend is a module, libphosphene_cuda.so, opened only when a device is asked for or `auto`
// looks for one: without it, or without a GPU, the program needs no CUDA library.
#pragma once

#include <memory>
#include <string>

#include "runtime/backend.h"

namespace phosphene {

struct DeviceOptions {
  std::string device = "auto";  // auto: the first GPU where there is one; cpu; cuda; cuda:1, the second GPU
  int threads = 0;              // of the CPU; 0: all
  bool tf32 = false;            // GPU: products of float32 rounded to 11 bits
  bool record = true;           // GPU: steps recorded as a CUDA graph, or enqueued one by one
  bool verbose = false;         // DeviceChoice::note is wanted
  bool plan_cache = true;       // GPU: remember cuDNN's plans on disk
  bool autotune = false;        // CPU: convolutions in the way that is measured to be the fastest, remembered on disk
  ImplementationChoices choices = {};  // CPU, autotune: those that were made before
};

struct DeviceChoice {
  std::unique_ptr<Backend> backend;
  int threads = 1;  // that Backend::team can divide; 1 on a GPU
  // Images at a time, where nobody says how many: enough to fill it, and of a CPU few enough for its caches (docs/benchmarks.md).
  int64_t batch = 4;
  bool autotuned = false;  // it chooses by measurement, as was asked for: the CPU's alone can
  // Why `auto` takes the CPU though there is a GPU, or what makes it slow; with `verbose`, whichever device it is and why.
  std::string note;
};

// Throws for `cuda` where there is none, with the reason.
DeviceChoice choose_device(const DeviceOptions& options);

}  // namespace phosphene
