// Runs an experiment into a run folder. The folder is the truth: an image is finished when its record exists, everything is written
// under a temporary name and then renamed, so a run can be stopped at any moment and continued by the same command. Several processes,
// on whatever machines, may run one experiment into one folder: they divide its jobs among them (claims.h). A batch that was interrupted
// goes on from its last checkpoint (checkpoints.h). A run that chooses its batch takes the largest up to four images of which the largest
// fits memory.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/run/progress.h"
#include "experiment/run/work_queue.h"
#include "runtime/device_choice.h"

namespace phosphene {

struct RunOptions {
  std::string out;  // the run folder
  DeviceOptions device;
  const std::atomic<bool>* stop = nullptr;  // set: stop after the step, keep what is finished
  Progress* progress = nullptr;
  int workers = 0;  // that render batches beside each other, each on its part of the CPU's threads; 0: chosen
  Shard shard;      // of the jobs, to make here; all of them unless told otherwise
  double checkpoint_seconds = 60;  // between a batch's checkpoints; 0: none
  // Jobs that are at hand at a time, some 2.5 kB each: batches are made of those of one window. Changes no picture.
  size_t window = 4096;
};

struct RunResult {
  int64_t finished = 0;              // by this call
  int64_t skipped = 0;               // finished by an earlier call, or by another process
  int64_t elsewhere = 0;             // under way in other processes
  std::vector<std::string> stopped;  // images without a result: name and why
  bool interrupted = false;
  std::string report;  // path of report.html
};

RunResult run(const Config& config, const RunOptions& options);

// Describes what `run` would do, one line per fact. Plans the first batch, so errors in layers and units show.
std::vector<std::string> describe_run(const Config& config, const RunOptions& options);

}  // namespace phosphene
