#include "runtime/dry_run_backend.h"

#include <cstdlib>
#include <limits>

#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

// Address space that is never touched.
class DryRunMemory final : public Memory {
 public:
  explicit DryRunMemory(int64_t bytes) : bytes_(bytes) {
    data_ = static_cast<std::byte*>(std::calloc(static_cast<size_t>(bytes) + 1, 1));
    if (data_ == nullptr) fail("memory", "cannot allocate {} MB", bytes >> 20);
  }
  ~DryRunMemory() override { std::free(data_); }
  [[nodiscard]] std::byte* data() const override { return data_; }
  [[nodiscard]] int64_t bytes() const override { return bytes_; }

 private:
  std::byte* data_;
  int64_t bytes_;
};

class DryRunTask final : public Task {
 public:
  void bind(std::span<std::byte* const> /*operands*/, std::byte* /*workspace*/) override {}
  void run() override { fail_internal("dry run", "the plan cannot be run"); }
};

class DryRunBackend final : public Backend {
 public:
  DryRunBackend(Implement implement, bool tf32) : implement_(std::move(implement)), tf32_(tf32) {}

  [[nodiscard]] std::string description() const override { return "a GPU on paper"; }
  [[nodiscard]] std::unique_ptr<Memory> allocate(int64_t bytes) override {
    return std::make_unique<DryRunMemory>(bytes);
  }
  [[nodiscard]] MemoryUse memory() const override { return {0, 0, std::numeric_limits<int64_t>::max() / 2, "paper"}; }
  void write(std::byte* /*dst*/, std::span<const std::byte> /*src*/) override {}
  void read(std::span<std::byte> /*dst*/, const std::byte* /*src*/) override {
    fail_internal("dry run", "the plan has no values");
  }
  [[nodiscard]] int64_t alignment() const override { return 256; }
  [[nodiscard]] Peaks measure_peaks(DType /*storage*/) override { fail_internal("dry run", "the plan has no speed"); }
  [[nodiscard]] GradientEpilogues gradient_epilogues(DType storage) const override {
    return cudnn_epilogues(storage, tf32_);
  }

  [[nodiscard]] PlannedTask plan(const Problem& problem, const std::string& where) override {
    PlannedTask planned;
    if (implement_) planned = implement_(problem, where);
    planned.task = std::make_unique<DryRunTask>();
    planned.workspace_bytes += phosphene::workspace_bytes(problem);
    return planned;
  }

 private:
  Implement implement_;
  bool tf32_;
};

}  // namespace

std::unique_ptr<Backend> make_dry_run_backend(Implement implement, bool tf32) {
  return std::make_unique<DryRunBackend>(std::move(implement), tf32);
}

}  // namespace phosphene
