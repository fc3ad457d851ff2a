#include "runtime/cpu/cpu_backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "kernels/launch_cpu.h"
#include "runtime/cpu/bf16_support.h"
#include "runtime/cpu/convolution.h"
#include "runtime/cpu/inverse_fourier.h"
#include "runtime/cpu/linear.h"
#include "runtime/cpu/matrix_products.h"
#include "runtime/cpu/onednn_version.h"
#include "runtime/cpu/parallel.h"
#include "runtime/cpu/peak.h"
#include "runtime/cpu/process_memory.h"
#include "runtime/error.h"
#include "runtime/launches.h"

namespace phosphene {
namespace {

// calloc knows which pages are zero already, and leaves them untouched.
class CpuMemory final : public Memory {
 public:
  explicit CpuMemory(int64_t bytes)
      : allocated_(std::calloc(static_cast<size_t>(bytes) + 2 * kAlignment, 1)), bytes_(bytes) {
    if (allocated_ == nullptr) fail("memory", "{} MB could not be had", bytes >> 20);
  }
  ~CpuMemory() override { std::free(allocated_); }

  [[nodiscard]] std::byte* data() const override {
    const auto address = reinterpret_cast<uintptr_t>(allocated_);
    return static_cast<std::byte*>(allocated_) + (kAlignment - address % kAlignment) % kAlignment;
  }
  [[nodiscard]] int64_t bytes() const override { return bytes_; }

 private:
  static constexpr size_t kAlignment = 64;
  void* allocated_;
  int64_t bytes_;
};

// The launcher that runtime/launches.h is written against.
struct CpuLauncher {
  Parallel parallel;

  template <class Body>
  void rows(int64_t count, int first, int last, const Body& body) const {
    launch_rows(parallel, count, first, last, body);
  }
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    launch_rows(parallel, count, 0, elements, body);
  }
  template <class Body>
  void tiles(int64_t count, int64_t elements, const Body& body) const {
    launch_tiles(parallel, count, elements, body);
  }
};

// A problem that our kernels solve.
template <class KernelProblem>
class KernelTask final : public Task {
 public:
  KernelTask(KernelProblem problem, const Parallel& parallel) : problem_(std::move(problem)), launcher_{parallel} {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    pointers_.assign(operands.begin(), operands.end());
    operands_ = {pointers_, workspace};
  }
  void run() override { launch(launcher_, problem_, operands_); }

 private:
  KernelProblem problem_;
  CpuLauncher launcher_;
  std::vector<std::byte*> pointers_;
  Operands operands_;
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(int threads, std::shared_ptr<Autotune> autotune) : parallel_(threads), autotune_(std::move(autotune)) {
    parallel_.claim();
  }

  [[nodiscard]] std::string description() const override {
    return fmt::format("cpu: {}, {} thread{}{}", onednn_version(), parallel_.threads(),
                       parallel_.threads() == 1 ? "" : "s", autotune_ == nullptr ? "" : ", autotuned");
  }

  [[nodiscard]] std::unique_ptr<Memory> allocate(int64_t bytes) override { return std::make_unique<CpuMemory>(bytes); }

  [[nodiscard]] MemoryUse memory() const override { return process_memory(); }
  void write(std::byte* dst, std::span<const std::byte> src) override { std::memcpy(dst, src.data(), src.size()); }
  void read(std::span<std::byte> dst, const std::byte* src) override { std::memcpy(dst.data(), src, dst.size()); }

  [[nodiscard]] PlannedTask plan(const Problem& problem, const std::string& where) override {
    return std::visit([&](const auto& p) { return plan_one(p, where); }, problem);
  }

  [[nodiscard]] ImplementationChoices implementation_choices() const override {
    return autotune_ == nullptr ? ImplementationChoices{} : autotune_->used();
  }
  [[nodiscard]] GradientEpilogues gradient_epilogues() const override { return {.sums = true}; }

  [[nodiscard]] Peaks measure_peaks(DType storage) override {
    refuse_bf16(storage);
    return measure_cpu_peaks(parallel_.threads(), storage);
  }

 private:
  static void refuse_bf16(DType storage) {
    if (storage != DType::bf16) return;
    const std::string refusal = refuse_bf16_on_cpu();
    if (!refusal.empty()) fail("precision bf16", "{}", refusal);
  }
  PlannedTask plan_one(const ConvolutionProblem& problem, const std::string& where) {
    refuse_bf16(problem.storage);
    return plan_convolution(problem, parallel_, autotune_.get(), where);
  }
  PlannedTask plan_one(const ConvolutionBackwardProblem& problem, const std::string& where) {
    refuse_bf16(problem.storage);
    if (problem.masked) fail_internal(where, "a gradient under a mask, which the CPU did not ask for");
    return plan_convolution(problem, parallel_, autotune_.get(), where);
  }
  PlannedTask plan_one(const InverseFourierProblem& problem, const std::string& /*where*/) {
    return plan_inverse_fourier(problem, parallel_);
  }
  PlannedTask plan_one(const InverseFourierBackwardProblem& problem, const std::string& /*where*/) {
    return plan_inverse_fourier(problem, parallel_);
  }
  PlannedTask plan_one(const LinearProblem& problem, const std::string& /*where*/) {
    refuse_bf16(problem.storage);
    return plan_linear(problem, parallel_);
  }
  PlannedTask plan_one(const LinearBackwardProblem& problem, const std::string& /*where*/) {
    refuse_bf16(problem.storage);
    return plan_linear(problem, parallel_);
  }

  PlannedTask plan_one(const MatrixProductsProblem& problem, const std::string& where) {
    refuse_bf16(problem.storage);
    return plan_matrix_products(problem, parallel_, where);
  }

  template <class KernelProblem>
  PlannedTask plan_one(const KernelProblem& problem, const std::string& /*where*/) {
    PlannedTask planned;
    planned.implementation = "kernel";
    planned.attempts = {{"kernel", ""}};
    planned.workspace_bytes = workspace_bytes(problem);
    planned.task = std::make_unique<KernelTask<KernelProblem>>(problem, parallel_);
    return planned;
  }

  Parallel parallel_;
  std::shared_ptr<Autotune> autotune_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(int threads, std::shared_ptr<Autotune> autotune) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (threads < 0 || threads > 1024) fail("--threads", "{} is not between 1 and 1024", threads);
  return std::make_unique<CpuBackend>(threads == 0 ? cores : threads, std::move(autotune));
}

}  // namespace phosphene
