// Runs an experiment into a run folder. The folder is the truth: an image is finished when its record exists, everything is written
// under a temporary name and then renamed, so a run can be stopped at any moment and continued by the same command.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "runtime/device_choice.h"

namespace phosphene {

// What a run tells while it goes. The library itself never prints.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;

  // Whether a step is to be told now: its objective has to be fetched from the device, which waits for it.
  [[nodiscard]] virtual bool due() { return true; }
  // After a step of a batch. `name`: the batch's first image; `images_done` of `images`; `objective`: the mean over the batch;
  // `eta_seconds`: of the whole run, negative while unknown.
  virtual void on_step(const std::string& name, int64_t images_done, int64_t images, int64_t step, int64_t steps,
                       double objective, double eta_seconds) = 0;
  // A line worth keeping: a finished image, an image that was stopped and why.
  virtual void on_message(const std::string& line) = 0;
};

struct RunOptions {
  std::string out;  // the run folder
  DeviceOptions device;
  const std::atomic<bool>* stop = nullptr;  // set: stop after the step, keep what is finished
  Progress* progress = nullptr;
};

struct RunResult {
  int64_t finished = 0;              // by this call
  int64_t skipped = 0;               // finished by an earlier call
  std::vector<std::string> stopped;  // images without a result: name and why
  bool interrupted = false;
  std::string report;  // path of report.html
};

RunResult run(const Config& config, const RunOptions& options);

// What `run` would do, without doing it: one line per fact. Plans the first batch, so errors of layers and units show.
std::vector<std::string> describe_run(const Config& config, const RunOptions& options);

}  // namespace phosphene
