#include "experiment/run/progress.h"

#include <fmt/core.h>

namespace phosphene {

void ProgressReporter::start(int64_t images, int64_t done, double image_steps) {
  images_ = images;
  images_done_ = done;
  steps_ahead_ = image_steps;
  start_ = Clock::now();
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
