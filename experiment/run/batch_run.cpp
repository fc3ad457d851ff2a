#include "experiment/run/batch_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "experiment/objective/silent_units.h"
#include "experiment/run/one_colour.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// A unit that is silent under so many draws is taken to be so under all.
constexpr int64_t kSilentSteps = 8;

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

BatchRun::BatchRun(const ClaimedBatch& claimed, std::span<const std::unique_ptr<StepProgram>> programs,
                   const RunEnvironment& run)
    : batch_(claimed.batch),
      images_(claimed.batch.images),
      states_(claimed.states),
      programs_(programs),
      run_(run),
      stopped_(images_.size(), false),
      curves_(images_.size()) {}

BatchResult BatchRun::render() {
  const bool resumed = can_resume();
  if (resumed) {
    phase_ = static_cast<size_t>(states_.front().standing.phase);
    first_step_ = states_.front().standing.step;
    steps_before_ = config().steps_before(phase_);
  }
  std::vector<std::string> names;
  for (const RunImage& image : images_) names.push_back(image.name());
  under_way_ = std::make_unique<ProgressReporter::UnderWay>(run_.progress, names, config().steps_of_all_phases(),
                                                            steps_before_ + first_step_);
  for (PhaseEnd before; phase_ < config().phases(); ++phase_, first_step_ = 0) {
    start_phase(before);
    const Clock::time_point first_step = Clock::now();
    result_.interrupted = !run_phase();
    if (result_.interrupted) return result_;
    result_.seconds_in_steps += std::chrono::duration<double>(Clock::now() - first_step).count();
    keep_curves();
    steps_before_ += phase().steps;
    if (phase_ + 1 < config().phases()) before = program().end();
  }
  finish();
  under_way_->finish(result_.finished);
  return result_;
}

// Whether the jobs' checkpoints are of this config, as all are that nobody has changed.
bool BatchRun::can_resume() const {
  const auto group = static_cast<size_t>(config().image.images);
  if (states_.size() != images_.size() / group) return false;
  return std::all_of(states_.begin(), states_.end(), [&](const JobState& state) {
    const auto [phase, step] = state.standing;
    if (step == 0 || phase >= static_cast<int64_t>(config().phases()) ||
        step > config().phase(static_cast<size_t>(phase)).steps)
      return false;
    const auto steps = static_cast<size_t>(config().steps_before(static_cast<size_t>(phase)));
    return state.curves.size() == group &&
           std::all_of(state.curves.begin(), state.curves.end(),
                       [&](const std::vector<float>& curve) { return curve.size() == steps; }) &&
           programs_[static_cast<size_t>(phase)]->can_resume(state.states);
  });
}

void BatchRun::start_phase(const PhaseEnd& before) {
  if (first_step_ == 0) return program().start(in_phase(images_, phase_), &before);
  std::vector<StateBytes> groups;
  size_t at = 0;
  for (const JobState& state : states_) {
    groups.push_back(state.states);
    for (const std::vector<float>& curve : state.curves) curves_[at++] = curve;
  }
  for (at = 0; at < images_.size(); ++at) stopped_[at] = run_.folder.given_up(images_[at].name());
  program().resume(in_phase(images_, phase_), groups);
}

bool BatchRun::all_stopped() const {
  return std::all_of(stopped_.begin(), stopped_.end(), [](bool stopped) { return stopped; });
}

// False when the run was asked to stop.
bool BatchRun::run_phase() {
  const std::vector<int64_t>& snapshots = config().snapshots;
  for (int64_t step = first_step_; step <= phase().steps; ++step) {
    if (snapshot_ != nullptr && snapshot_->done()) finish_snapshot();
    const bool wanted = std::binary_search(snapshots.begin(), snapshots.end(), steps_before_ + step);
    if (wanted && (phase_ == 0 || step > 0)) start_snapshot(steps_before_ + step);
    const bool ends = step == phase().steps;
    if (ends && phase_ + 1 == config().phases()) break;
    if (run_.stop_asked()) {
      finish_snapshot();
      keep_checkpoint(step);
      return false;
    }
    if (ends) break;
    if (checkpoint_is_due(step)) keep_checkpoint(step);
    process_step(step);
    if (all_stopped()) break;
  }
  finish_snapshot();
  check_stopped();
  return true;
}

// A step that is short is finished before a request to stop is obeyed, so that it leaves a checkpoint.
void BatchRun::process_step(int64_t step) {
  constexpr std::chrono::milliseconds kShort{100};
  const Clock::time_point start = Clock::now();
  if (step > first_step_ && last_step_ < kShort) {
    const StopLater later;
    step_or_look(step);
  } else {
    step_or_look(step);
  }
  last_step_ = Clock::now() - start;
  under_way_->add_step();
  report_progress(step);
}

void BatchRun::step_or_look(int64_t step) {
  if (should_look(step)) {
    look_at_step(step);
  } else {
    program().step();
  }
}

// Not before it is known of each image that it is not silent: doubts are not kept.
bool BatchRun::may_keep_checkpoint(int64_t step) const {
  return run_.checkpoint_seconds > 0 && step > first_step_ && !may_be_silent();
}

bool BatchRun::checkpoint_is_due(int64_t step) const {
  return may_keep_checkpoint(step) &&
         Clock::now() - last_checkpoint_ >= std::chrono::duration<double>(run_.checkpoint_seconds);
}

// What `step` steps of the phase have made. One that cannot be written costs time if the process dies, and no picture.
void BatchRun::keep_checkpoint(int64_t step) {
  if (!may_keep_checkpoint(step)) return;
  const StopLater later;
  finish_snapshot();  // of an earlier step, which nobody would make again
  last_checkpoint_ = Clock::now();
  const int64_t group = config().image.images;
  for (int64_t job = 0; job < std::ssize(images_) / group; ++job) {
    JobState state{{static_cast<int64_t>(phase_), step}, {}, program().read_group(job)};
    for (int64_t image = job * group; image < (job + 1) * group; ++image)
      state.curves.push_back(curves_[static_cast<size_t>(image)]);
    size_t bytes = 0;
    for (const auto& [name, values] : state.states) bytes += values.size();
    run_.writer.give(bytes,
                     [run = run_, name = images_[static_cast<size_t>(job * group)].name(), state = std::move(state)] {
                       try {
                         run.checkpoints.write(name, state);
                       } catch (const Error& error) {
                         run.progress.report(fmt::format("no checkpoint was kept: {}", error.what()));
                       }
                     });
  }
}

// The first steps while an image is silent in them, and the last.
bool BatchRun::should_look(int64_t step) const {
  if (step + 1 == phase().steps || (step == 0 && fresh())) return true;
  return step < kSilentSteps && may_be_silent();
}

bool BatchRun::may_be_silent() const { return std::find(silent_.begin(), silent_.end(), true) != silent_.end(); }

void BatchRun::look_at_step(int64_t step) {
  const bool first = step == 0 && fresh();
  const StepProgram::Look look = program().look(first);
  if (first) {
    for (size_t at = 0; at < images_.size(); ++at) {
      if (!stopped_[at] && !look.overflows[at].empty()) stop_image(at, look.overflows[at], steps_before_ + 1);
    }
    check_stopped();  // before the gradient: a stopped image has none
    silent_.assign(images_.size(), true);
  }
  if (step < kSilentSteps) check_silent_start(look.silent, step);
  if (step + 1 == phase().steps) check_end(look.silent);
}

void BatchRun::report_progress(int64_t step) const {
  if (!under_way_->due()) return;
  std::vector<float> values(static_cast<size_t>(program().batch()));
  program().states().read_part(kHistoryState,
                               (phase().first_step + step) * program().batch() * static_cast<int64_t>(sizeof(float)),
                               std::as_writable_bytes(std::span<float>(values)));
  under_way_->report(mean_of_finite(std::span<const float>(values).first(images_.size())));
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

// Another draw may wake a unit, so that one step says little.
void BatchRun::check_silent_start(const std::vector<bool>& silent, int64_t step) {
  for (size_t at = 0; at < silent_.size(); ++at)
    silent_[at] = silent_[at] && silent[at] && !stopped_[at] &&
                  reads_network_for(phase_of(at).objective, in_phase(images_, phase_)[at]);
  if (step + 1 != std::min(kSilentSteps, phase().steps)) return;
  for (size_t at = 0; at < silent_.size(); ++at) {
    if (!silent_[at]) continue;
    const Objective& own = phase_of(at).objective;
    stop_image(at,
               fmt::format("the gradient from {} is exactly zero: the unit is silent{}", layers_of(own),
                           proposal_for_silent(run_.model, own, phase().gradients)),
               steps_before_ + 1);
  }
  silent_.clear();
}

// What has gone wrong since the first steps.
void BatchRun::check_end(const std::vector<bool>& silent) {
  check_stopped();
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_[at]) continue;
    const int64_t last = steps_before_ + phase().steps;
    if (!program().finite(static_cast<int64_t>(at))) {
      stop_image(at, fmt::format("the image is not finite after step {}; a smaller learning rate may help", last),
                 last);
    } else if (silent[at] && reads_network_for(phase_of(at).objective, in_phase(images_, phase_)[at])) {
      check_silent_end(at);
    }
  }
}

// A unit that has fallen silent, unless that is where its objective is highest: a probability of 1 has no gradient either.
void BatchRun::check_silent_end(size_t at) {
  const std::vector<float> curve = curve_of(at);
  if (curve.back() > curve.front() || !program().silent_lately(at, kSilentSteps)) return;
  const auto other = std::find_if(curve.rbegin(), curve.rend(), [&](float value) { return value != curve.back(); });
  const int64_t step = steps_before_ + std::distance(other, curve.rend()) + 1;
  const Objective& own = phase_of(at).objective;
  stop_image(at,
             fmt::format("the gradient from {} is exactly zero from step {} on: the unit has fallen silent{}",
                         layers_of(own), std::min(step, steps_before_ + phase().steps),
                         proposal_for_silent(run_.model, own, phase().gradients)),
             step);
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

// Waits for the snapshot that is on its way, if one is, and has it written.
void BatchRun::finish_snapshot() {
  if (snapshot_ == nullptr) return;
  const std::shared_ptr<Transfer> transfer = std::move(snapshot_);
  const std::span<const std::byte> pictures = transfer->bytes();
  run_.writer.give(pictures.size(), [&folder = run_.folder, batch = batch_, stopped = stopped_, step = snapshot_step_,
                                     shape = program().image_shape(), transfer, pictures] {
    const size_t size = pictures.size() / static_cast<size_t>(shape.n);
    for (size_t at = 0; at < batch.images.size(); ++at) {
      if (stopped[at]) continue;
      const auto* picture = reinterpret_cast<const float*>(pictures.subspan(at * size, size).data());
      write_snapshot(folder, batch.images[at], step, {picture, size / sizeof(float)}, shape);
    }
  });
}

// The objective of each step of the phase.
std::vector<float> BatchRun::curve_of(size_t at) const {
  const auto history = program().states().read<float>(kHistoryState);
  const auto n = static_cast<size_t>(program().batch());
  std::vector<float> curve;
  for (int64_t step = 0; step < phase().steps; ++step)
    curve.push_back(history[static_cast<size_t>(phase().first_step + step) * n + at]);
  return curve;
}

void BatchRun::keep_curves() {
  for (size_t at = 0; at < images_.size(); ++at) {
    const std::vector<float> curve = curve_of(at);
    curves_[at].insert(curves_[at].end(), curve.begin(), curve.end());
  }
}

void BatchRun::check_pictures(const HostTensor& pictures) {
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_[at]) continue;
    const std::optional<std::string> colour =
        one_colour(pictures.image(static_cast<int64_t>(at)), programs_.back()->image_shape());
    if (!colour) continue;
    stop_image(
        at,
        fmt::format("the picture is all {}: {}", *colour,
                    at_the_end_of_its_range(*colour)
                        ? "it left the range of colours; a smaller learning rate or a weaker penalty may help"
                        : "it has hardly moved; more steps, a larger learning rate or a weaker penalty may help"),
        config().steps_of_all_phases());
  }
}

void BatchRun::finish() {
  StepProgram& last = *programs_.back();
  const auto pictures = std::make_shared<const HostTensor>(last.images());
  check_pictures(*pictures);
  const auto spectra =
      std::make_shared<const HostTensor>(config().save_spectrum ? last.first_parameter() : HostTensor());
  for (size_t at = 0; at < images_.size(); ++at) {
    if (stopped_[at]) continue;
    const auto n = static_cast<int64_t>(at);
    const auto piece = [run = run_, batch = batch_, at, n, shape = last.image_shape(), pictures, spectra,
                        curve = std::move(curves_[at])] {
      ImageResult result{pictures->image(n), shape, {}, curve};
      if (batch.config().save_spectrum) result.spectrum = spectra->image(n);
      write_result(run.folder, batch.images[at], result, run.model);
    };
    run_.writer.give(pictures->image(n).size_bytes(), piece);
    ++result_.finished;
  }
}

}  // namespace phosphene
