// What a run or a search reports while it goes. The library itself never prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

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

// Counts the images and steps of a run and reports them to its Progress, if it has one.
class ProgressReporter {
 public:
  explicit ProgressReporter(Progress* progress) : progress_(progress) {}

  // Starts the clock. `images` of the run; `image_steps`: all their steps.
  void start(int64_t images, double image_steps);
  // Some that earlier calls have finished.
  void skip(int64_t images, double image_steps);
  void add_images(int64_t done) { images_done_ += done; }
  void add_step(int64_t images) { steps_done_ += static_cast<double>(images); }

  [[nodiscard]] bool due() const { return progress_ != nullptr && progress_->due(); }
  // `name`: the batch's first image; `objective`: the mean over the batch.
  void report_step(const std::string& name, int64_t step, int64_t steps, double objective) const;
  void report(const std::string& line) const;
  // Where the look at all jobs stands, before the first step.
  void report_check(size_t done, size_t jobs) const;

 private:
  using Clock = std::chrono::steady_clock;

  Progress* progress_;
  int64_t images_ = 0, images_done_ = 0;
  double steps_done_ = 0, steps_ahead_ = 0;  // image steps of this call
  Clock::time_point start_ = Clock::now();
};

}  // namespace phosphene
