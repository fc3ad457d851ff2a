// The planned programs that batches run on.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiment/run/run_jobs.h"
#include "experiment/step/step_program.h"

namespace phosphene {

// The programs of one structure, one for each phase, for a number of images.
class Programs {
 public:
  // `backend`: outlives this, and is used by one thread at a time. `exact`: a smaller batch has a program of its own, and costs no more
  // than its images; else it takes that of a larger one, for which implementations have been measured. `on_plan`: called after each
  // planning.
  Programs(const Model& model, Backend& backend, bool exact, std::function<void()> on_plan)
      : model_(model), backend_(backend), exact_(exact), on_plan_(std::move(on_plan)) {}

  [[nodiscard]] Backend& backend() const { return backend_; }
  // Plans unless the last ones fit the batch. Throws OutOfMemory.
  std::span<const std::unique_ptr<StepProgram>> for_batch(const Batch& batch);
  [[nodiscard]] std::span<const std::unique_ptr<StepProgram>> planned() const { return programs_; }
  // By all phases' programs: each keeps its memory until the next structure's are planned.
  [[nodiscard]] int64_t bytes_to_take() const;

 private:
  [[nodiscard]] bool fit(const Batch& batch) const;
  void plan(const Batch& batch);

  const Model& model_;
  Backend& backend_;
  bool exact_;
  std::function<void()> on_plan_;
  std::vector<std::unique_ptr<StepProgram>> programs_;
  std::string structure_;
};

}  // namespace phosphene
