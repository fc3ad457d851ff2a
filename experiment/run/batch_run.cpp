#include "experiment/run/batch_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/ranges.h>

#include "runtime/error.h"

namespace phosphene {
namespace {

using Clock = std::chrono::steady_clock;

std::string layers_of(const Objective& objective) {
  std::vector<std::string> names;
  for (const TermPtr& term : objective.terms) {
    for (const LayerRead& read : term->reads())
      names.push_back(read.layer.empty() ? "the logits" : "'" + read.layer + "'");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Of the values that are finite; 0 where none is.
double mean_of_finite(std::span<const float> values) {
  double sum = 0;
  int64_t counted = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    sum += static_cast<double>(value);
    ++counted;
  }
  return counted > 0 ? sum / static_cast<double>(counted) : 0;
}

}  // namespace

BatchRun::BatchRun(std::vector<RunImage> images, std::span<const std::unique_ptr<StepProgram>> programs,
                   const RunEnvironment& run)
    : images_(std::move(images)),
      programs_(programs),
      run_(run),
      stopped_(images_.size(), false),
      curves_(images_.size()) {}

BatchResult BatchRun::render() {
  PhaseEnd before;
  for (phase_ = 0; phase_ < config().phases(); ++phase_) {
    program().start(in_phase(images_, phase_), &before);
    const Clock::time_point first_step = Clock::now();
    result_.interrupted = !run_phase();
    if (result_.interrupted) return result_;
    result_.seconds_in_steps += std::chrono::duration<double>(Clock::now() - first_step).count();
    keep_curves();
    steps_before_ += phase().steps;
    if (phase_ + 1 < config().phases()) before = program().end();
  }
  finish();
  return result_;
}

bool BatchRun::all_stopped() const {
  return std::all_of(stopped_.begin(), stopped_.end(), [](bool stopped) { return stopped; });
}

// False when the run was asked to stop.
bool BatchRun::run_phase() {
  const std::vector<int64_t>& snapshots = config().snapshots;
  for (int64_t step = 0; step <= phase().steps; ++step) {
    if (snapshot_ != nullptr && snapshot_->done()) finish_snapshot();
    const bool wanted = std::binary_search(snapshots.begin(), snapshots.end(), steps_before_ + step);
    if (wanted && (phase_ == 0 || step > 0)) start_snapshot(steps_before_ + step);
    if (step == phase().steps) break;
    if (run_.stop_asked()) {
      finish_snapshot();
      return false;
    }
    process_step(step);
    if (all_stopped()) break;
  }
  finish_snapshot();
  check_stopped();
  return true;
}

void BatchRun::process_step(int64_t step) {
  program().step();
  if (step == 0 && phase().carry_over != CarryOver::optimisation) {
    check_stopped();  // before the gradient: a stopped image has none
    check_gradient();
  }
  run_.progress.add_step(std::ssize(images_));
  report_progress(step);
}

void BatchRun::report_progress(int64_t step) const {
  if (!run_.progress.due()) return;
  std::vector<float> values(static_cast<size_t>(program().batch()));
  program().states().read_part(kHistoryState,
                               (phase().first_step + step) * program().batch() * static_cast<int64_t>(sizeof(float)),
                               std::as_writable_bytes(std::span<float>(values)));
  run_.progress.report_step(images_.front().name(), steps_before_ + step + 1, config().steps_of_all_phases(),
                            mean_of_finite(std::span<const float>(values).first(images_.size())));
}

void BatchRun::check_stopped() {
  // A stopped_at counts from where the phase's optimisation began.
  const int64_t before = steps_before_ - phase().first_step;
  const auto stopped_at = program().states().read<int64_t>(kStoppedAtState);
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_at[at] == 0 || stopped_[at]) continue;
    const std::string layer = program().first_not_finite(at, stopped_at[at] - 1);
    stop_image(at,
               fmt::format("the objective on {} is not finite at step {}{}; a smaller learning rate may help",
                           layers_of(phase().objective), before + stopped_at[at],
                           layer.empty() ? "" : fmt::format(", and '{}' is the first that is not", layer)),
               before + stopped_at[at]);
  }
}

// After the first step the first moment is the gradient, or a part of it: where all of it is 0, nothing will ever change.
void BatchRun::check_gradient() {
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_[at] || program().moves(static_cast<int64_t>(at))) continue;
    const Objective& own = images_[at].config().phase(phase_).objective;
    std::string proposal;
    for (const TermPtr& term : own.terms) {
      const std::vector<LayerRead> reads = term->reads();  // a product of values before their ReLUs would mislead
      if (reads.size() == 1 && !reads[0].layer.empty() && !reads[0].layer.ends_with(":pre"))
        proposal = fmt::format("; try '{}:pre', the value before its ReLU", reads[0].layer);
    }
    stop_image(at, fmt::format("the gradient from {} is exactly zero: the unit is silent{}", layers_of(own), proposal),
               steps_before_ + 1);
  }
}

void BatchRun::stop_image(size_t at, const std::string& reason, int64_t step) {
  stopped_[at] = true;
  const std::string& name = images_[at].name();
  run_.folder.write_stopped(name, reason, step);
  result_.stopped.push_back(name + ": " + reason);
  run_.progress.report(result_.stopped.back());
}

// The steps after it are asked for while its images are copied.
void BatchRun::start_snapshot(int64_t step) {
  finish_snapshot();
  snapshot_ = program().start_images();
  snapshot_step_ = step;
}

// Waits for the snapshot that is on its way, if one is, and writes it.
void BatchRun::finish_snapshot() {
  if (snapshot_ == nullptr) return;
  const std::unique_ptr<Transfer> transfer = std::move(snapshot_);
  const std::span<const std::byte> pictures = transfer->bytes();
  const Shape& shape = program().image_shape();
  const size_t size = pictures.size() / static_cast<size_t>(shape.n);
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_[at]) continue;
    const auto* picture = reinterpret_cast<const float*>(pictures.subspan(at * size, size).data());
    write_snapshot(run_.folder, images_[at], snapshot_step_, {picture, size / sizeof(float)}, shape);
  }
}

void BatchRun::keep_curves() {
  const auto history = program().states().read<float>(kHistoryState);
  const auto n = static_cast<size_t>(program().batch());
  for (size_t at = 0; at < images_.size(); ++at) {
    for (int64_t step = 0; step < phase().steps; ++step)
      curves_[at].push_back(history[static_cast<size_t>(phase().first_step + step) * n + at]);
  }
}

void BatchRun::finish() {
  StepProgram& last = *programs_.back();
  const HostTensor pictures = last.images();
  HostTensor spectra;
  if (config().save_spectrum) spectra = last.first_parameter();
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_[at]) continue;
    const auto n = static_cast<int64_t>(at);
    ImageResult result{pictures.image(n), last.image_shape(), {}, std::move(curves_[at])};
    if (config().save_spectrum) result.spectrum = spectra.image(n);
    write_result(run_.folder, images_[at], result, run_.model);
    ++result_.finished;
  }
}

}  // namespace phosphene
