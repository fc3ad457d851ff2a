#include "experiment/run/progress.h"

#include <fmt/core.h>

namespace phosphene {

void ProgressReporter::start(int64_t images, double image_steps) {
  images_ = images;
  steps_ahead_ = image_steps;
  start_ = Clock::now();
}

void ProgressReporter::skip(int64_t images, double image_steps) {
  images_done_ += images;
  steps_ahead_ -= image_steps;
}

void ProgressReporter::report_check(size_t done, size_t jobs) const {
  if (!due()) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double eta = done > 0 ? seconds / static_cast<double>(done) * static_cast<double>(jobs - done) : -1;
  progress_->on_status(fmt::format("checking job {} of {}", done, jobs), eta);
}

void ProgressReporter::report_step(const std::string& name, int64_t step, int64_t steps, double objective) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double eta = steps_done_ > 0 ? seconds / steps_done_ * (steps_ahead_ - steps_done_) : -1;
  progress_->on_status(fmt::format("{}/{} images  {}  step {}/{}  objective {:.4g}", images_done_, images_, name, step,
                                   steps, objective),
                       eta);
}

void ProgressReporter::report(const std::string& line) const {
  if (progress_ != nullptr && !line.empty()) progress_->on_message(line);
}

}  // namespace phosphene
