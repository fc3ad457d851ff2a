#include "experiment/run/progress.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace phosphene {

void ProgressReporter::start(int64_t images, double image_steps) {
  const std::lock_guard lock(mutex_);
  images_ = images;
  steps_ahead_ = image_steps;
  start_ = Clock::now();
}

void ProgressReporter::skip(int64_t images, double image_steps, bool finished) {
  const std::lock_guard lock(mutex_);
  (finished ? images_done_ : images_) += finished ? images : -images;
  steps_ahead_ -= image_steps;
}

double ProgressReporter::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void ProgressReporter::report_check(size_t done, size_t jobs) const {
  const std::lock_guard lock(mutex_);
  if (progress_ == nullptr || !progress_->due()) return;
  const double eta = done > 0 ? seconds() / static_cast<double>(done) * static_cast<double>(jobs - done) : -1;
  progress_->on_status(fmt::format("checking job {} of {}", done, jobs), eta);
}

void ProgressReporter::report(const std::string& line) const {
  const std::lock_guard lock(mutex_);
  if (progress_ != nullptr && !line.empty()) progress_->on_message(line);
}

Json ProgressReporter::work() const {
  const std::lock_guard lock(mutex_);
  Json under_way = Json::array();
  for (const UnderWay* batch : under_way_)
    under_way.push_back({{"images", batch->images_}, {"step", batch->step_}, {"steps", batch->steps_}});
  return {{"seconds", seconds()},
          {"images_made", images_made_},
          {"image_steps_made", steps_done_},
          {"image_steps_ahead", steps_ahead_ - steps_done_},
          {"under_way", under_way}};
}

ProgressReporter::UnderWay::UnderWay(ProgressReporter& reporter, std::vector<std::string> images, int64_t steps,
                                     int64_t done)
    : reporter_(reporter), images_(std::move(images)), steps_(steps), step_(done) {
  const std::lock_guard lock(reporter_.mutex_);
  reporter_.steps_ahead_ -= static_cast<double>(done * std::ssize(images_));
  place_ = reporter_.under_way_.insert(reporter_.under_way_.end(), this);
}

ProgressReporter::UnderWay::~UnderWay() {
  const std::lock_guard lock(reporter_.mutex_);
  reporter_.under_way_.erase(place_);
}

void ProgressReporter::UnderWay::add_step() {
  const std::lock_guard lock(reporter_.mutex_);
  ++step_;
  reporter_.steps_done_ += static_cast<double>(images_.size());
}

bool ProgressReporter::UnderWay::due() const {
  const std::lock_guard lock(reporter_.mutex_);
  return reporter_.progress_ != nullptr && reporter_.progress_->due();
}

void ProgressReporter::UnderWay::report(double objective) const {
  const std::lock_guard lock(reporter_.mutex_);
  const ProgressReporter& run = reporter_;
  const double eta = run.steps_done_ > 0 ? run.seconds() / run.steps_done_ * (run.steps_ahead_ - run.steps_done_) : -1;
  run.progress_->on_status(fmt::format("{}/{} images  {}  step {}/{}  objective {:.4g}", run.images_done_, run.images_,
                                       images_.front(), step_, steps_, objective),
                           eta);
}

void ProgressReporter::UnderWay::finish(int64_t images) {
  const std::lock_guard lock(reporter_.mutex_);
  reporter_.images_done_ += images;
  reporter_.images_made_ += images;
}

}  // namespace phosphene
