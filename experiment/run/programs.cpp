#include "experiment/run/programs.h"

namespace phosphene {

void Programs::plan(const Batch& batch) {
  programs_.clear();  // free their memory before the next take their own
  structure_.clear();
  const Config& config = batch.config();
  for (size_t i = 0; i < config.phases(); ++i)
    programs_.push_back(std::make_unique<StepProgram>(model_, config.phase(i), std::ssize(batch.images), backend_));
  on_plan_();
  require_memory(backend_, bytes_to_take());
  structure_ = batch.structure();
}

int64_t Programs::bytes_to_take() const {
  int64_t bytes = 0;
  for (const auto& program : programs_) bytes += program->bytes_to_take() + program->bytes_to_show();
  return bytes;
}

bool Programs::fit(const Batch& batch) const {
  if (programs_.empty() || batch.structure() != structure_) return false;
  const int64_t images = std::ssize(batch.images), planned = programs_.front()->batch();
  return exact_ ? images == planned : images <= planned;
}

std::span<const std::unique_ptr<StepProgram>> Programs::for_batch(const Batch& batch) {
  if (!fit(batch)) plan(batch);
  return programs_;
}

}  // namespace phosphene
