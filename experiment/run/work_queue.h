// Hands out the batches of a run that nobody has finished and nobody else makes: to the workers of this process, beside those of other
// processes on the same run folder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "experiment/run/checkpoints.h"
#include "experiment/run/claims.h"
#include "experiment/run/run_folder.h"
#include "experiment/run/run_jobs.h"

namespace phosphene {

// A fixed part of a run's jobs: the index-th of `count`. Neighbours, which mostly share a program, stay together; large runs are dealt
// out in several rounds, so that each part has something of every layer.
struct Shard {
  int64_t index = 0, count = 1;

  [[nodiscard]] bool holds(size_t job, size_t jobs) const;
};

// A batch whose jobs are ours, and where they stand: all alike.
struct ClaimedBatch {
  Batch batch;
  std::vector<JobState> states;  // by job; empty for a batch that begins

  [[nodiscard]] bool begins() const { return states.empty(); }
};

struct QueueOptions {
  int64_t capacity = 1;  // images in a batch
  int64_t workers = 1;   // that ask for batches: work is divided so that each has some
  Shard shard;
  bool alone = false;  // other processes may not work on the folder: what they measure and choose could differ
};

class WorkQueue {
 public:
  // Called for images that this process need not make, with their steps: `finished` before or by others, or not of its shard.
  using OnSkipped = std::function<void(int64_t images, double image_steps, bool finished)>;

  // `work`: what this process tells of its work (RunProcess). All outlive this. Nothing is written before a job is found that is to be made.
  WorkQueue(RunJobs& jobs, const RunFolder& folder, const Checkpoints& checkpoints, QueueOptions options,
            std::function<Json()> work, OnSkipped on_skipped);

  // None when everything is finished, or in the hands of others. From any thread.
  std::optional<ClaimedBatch> next();
  // Gives the jobs of a batch back, finished or not. From any thread.
  void give_back(const Batch& batch, bool finished);

  // Images that other processes make.
  [[nodiscard]] int64_t elsewhere() const;
  // Whether any job was there to be made.
  [[nodiscard]] bool had_work() const { return process_ != nullptr; }
  // Removes what dead processes have left, where the folder can be written.
  void sweep();

 private:
  void enter();
  bool load_window();
  [[nodiscard]] std::map<Standing, std::vector<Job>> unfinished(const std::vector<Job>& jobs);
  std::optional<ClaimedBatch> claim(const Batch& batch);
  [[nodiscard]] bool claim(const Job& job, std::optional<JobState>& state);
  void leave(const Job& job);
  void skip(const Job& job, bool finished);

  RunJobs& jobs_;
  const RunFolder& folder_;
  const Checkpoints& checkpoints_;
  QueueOptions options_;
  std::function<Json()> work_;
  OnSkipped on_skipped_;
  std::mutex mutex_;
  std::unique_ptr<RunProcess> process_;  // from the first job to make on
  std::unique_ptr<Claims> claims_;
  std::vector<size_t> windows_;  // still to be looked at, the next one last
  size_t window_ = 0;            // the one at hand
  std::vector<Batch> batches_;   // of it, the next one last
  std::map<size_t, int64_t>
      held_;  // jobs that others had, or that stood elsewhere, when they were looked at last; their images
  std::set<size_t> windows_of_held_;
  bool again_ = false;        // only those are looked at
  bool claimed_any_ = false;  // since all windows were begun
};

}  // namespace phosphene
