// A batch under way: the steps of its phases, its snapshots, and what becomes of each of its images.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiment/run/checkpoints.h"
#include "experiment/run/progress.h"
#include "experiment/run/results.h"
#include "experiment/run/work_queue.h"
#include "experiment/run/writer.h"
#include "experiment/step/step_program.h"

namespace phosphene {

// What all batches of a run share. Everything outlives them.
struct RunEnvironment {
  const Model& model;
  const RunFolder& folder;
  const Checkpoints& checkpoints;
  ProgressReporter& progress;
  Writer& writer;
  const std::atomic<bool>* stop = nullptr;  // asked for from outside
  const std::atomic<bool>* halt = nullptr;  // because another worker failed
  double checkpoint_seconds = 0;            // between a batch's checkpoints; 0: none, not even when it is stopped

  [[nodiscard]] bool stop_asked() const {
    return (stop != nullptr && stop->load()) || (halt != nullptr && halt->load());
  }
};

struct BatchResult {
  int64_t finished = 0;              // images whose results the writer has
  std::vector<std::string> stopped;  // images without a result: name and why
  bool interrupted = false;          // asked to stop: what has been reached is kept in checkpoints
  double seconds_in_steps = 0;
};

class BatchRun {
 public:
  // `programs`: of the batch's structure, one for each phase, each for at least as many images. Both outlive this.
  BatchRun(const ClaimedBatch& claimed, std::span<const std::unique_ptr<StepProgram>> programs,
           const RunEnvironment& run);

  // Runs all phases, from where the jobs stand, and gives the results to the writer; once. Where it throws Stopped nothing of the batch is
  // lost but the steps after its last checkpoint.
  BatchResult render();

 private:
  [[nodiscard]] const Config& config() const { return images_.front().config(); }
  [[nodiscard]] const Settings& phase() const { return config().phase(phase_); }
  [[nodiscard]] const Settings& phase_of(size_t at) const { return images_[at].config().phase(phase_); }
  [[nodiscard]] StepProgram& program() const { return *programs_[phase_]; }
  [[nodiscard]] bool all_stopped() const;
  [[nodiscard]] bool can_resume() const;
  void start_phase(const PhaseEnd& before);
  bool run_phase();
  void step_or_look(int64_t step);
  void process_step(int64_t step);
  void report_progress(int64_t step) const;
  void keep_checkpoint(int64_t step);
  [[nodiscard]] bool may_keep_checkpoint(int64_t step) const;
  [[nodiscard]] bool checkpoint_is_due(int64_t step) const;
  [[nodiscard]] bool may_be_silent() const;
  void check_stopped();
  void look_at_step(int64_t step);
  [[nodiscard]] bool should_look(int64_t step) const;
  [[nodiscard]] bool fresh() const { return phase().carry_over != CarryOver::optimisation; }
  void check_silent_start(const std::vector<bool>& silent, int64_t step);
  void check_end(const std::vector<bool>& silent);
  void check_silent_end(size_t at);
  void check_pictures(const HostTensor& pictures);
  void stop_image(size_t at, const std::string& reason, int64_t step);
  void start_snapshot(int64_t step);
  void finish_snapshot();
  [[nodiscard]] std::vector<float> curve_of(size_t at) const;
  void keep_curves();
  void finish();

  using Clock = std::chrono::steady_clock;

  const Batch& batch_;
  const std::vector<RunImage>& images_;
  const std::vector<JobState>& states_;  // of its jobs; empty where they begin
  std::span<const std::unique_ptr<StepProgram>> programs_;
  RunEnvironment run_;
  size_t phase_ = 0;
  int64_t first_step_ = 0;    // of the phase: those before it were made earlier
  int64_t steps_before_ = 0;  // of the phases before this one
  std::unique_ptr<ProgressReporter::UnderWay> under_way_;
  Clock::time_point last_checkpoint_ = Clock::now();
  Clock::duration last_step_{};             // how long it took
  std::vector<bool> stopped_;               // by image
  std::vector<bool> silent_;                // by image: in every step of the phase so far
  std::vector<std::vector<float>> curves_;  // by image: the objective of each step
  std::unique_ptr<Transfer> snapshot_;      // on its way from the device
  int64_t snapshot_step_ = 0;
  BatchResult result_;
};

}  // namespace phosphene
