// What a run or a search reports while it goes. The library itself never prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "loaders/json.h"
#include "runtime/interface.h"

namespace phosphene {

class Progress : public Interface {
 public:
  // Whether a status is to be reported now: a run's objective has to be fetched from the device, which waits for it.
  [[nodiscard]] virtual bool due() { return true; }
  // Where the work stands, in a line that the next one replaces. `eta_seconds`: until all of it is done, negative while unknown.
  virtual void on_status(const std::string& line, double eta_seconds) = 0;
  // A line worth keeping: a finished image, an image that was stopped or a photograph that was skipped, and why.
  virtual void on_message(const std::string& line) = 0;
};

// Counts the images and steps of a run and reports them to its Progress, if it has one. From any thread.
class ProgressReporter {
 public:
  explicit ProgressReporter(Progress* progress) : progress_(progress) {}

  // Starts the clock. `images` of the run; `image_steps`: all their steps.
  void start(int64_t images, double image_steps);
  // Some that need not be made: `finished` by earlier calls or by others, or none of ours.
  void skip(int64_t images, double image_steps, bool finished);

  // A batch under way: from its first step to the last.
  class UnderWay {
   public:
    // `images`: their names; `steps` each, of which `done` were made before. The reporter outlives this.
    UnderWay(ProgressReporter& reporter, std::vector<std::string> images, int64_t steps, int64_t done);
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay();

    void add_step();
    [[nodiscard]] bool due() const;
    // `objective`: the mean over the batch.
    void report(double objective) const;
    // So many of its images are there now.
    void finish(int64_t images);

   private:
    friend class ProgressReporter;
    ProgressReporter& reporter_;
    std::vector<std::string> images_;
    int64_t steps_, step_;
    std::list<const UnderWay*>::iterator place_;
  };

  void report(const std::string& line) const;
  // Where the look at all jobs stands, before the first step.
  void report_check(size_t done, size_t jobs) const;
  // What was done and what is under way, for those who ask from another process (run_processes.h).
  [[nodiscard]] Json work() const;

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] double seconds() const;

  Progress* progress_;
  mutable std::mutex mutex_;
  int64_t images_ = 0, images_done_ = 0, images_made_ = 0;
  double steps_done_ = 0, steps_ahead_ = 0;  // image steps of this call
  Clock::time_point start_ = Clock::now();
  std::list<const UnderWay*> under_way_;
};

}  // namespace phosphene
