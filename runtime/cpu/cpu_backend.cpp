#include "runtime/cpu/cpu_backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "runtime/cpu/bf16_support.h"
#include "runtime/cpu/convolution.h"
#include "runtime/cpu/cpu_team.h"
#include "runtime/cpu/inverse_fourier.h"
#include "runtime/cpu/launches.h"
#include "runtime/cpu/linear.h"
#include "runtime/cpu/matrix_products.h"
#include "runtime/cpu/onednn_version.h"
#include "runtime/cpu/peak.h"
#include "runtime/cpu/process_memory.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// calloc leaves pages untouched that are already zero.
class CpuMemory final : public Memory {
 public:
  explicit CpuMemory(int64_t bytes)
      : allocated_(std::calloc(static_cast<size_t>(bytes) + 2 * kAlignment, 1)), bytes_(bytes) {
    if (allocated_ == nullptr) fail("memory", "cannot allocate {} MB", bytes >> 20);
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

// The task of a problem that our kernels solve.
std::unique_ptr<Task> make_kernel_task(const Problem& problem, const Parallel& parallel, const std::string& where) {
  for (const auto make :
       {make_network_task, make_arithmetic_task, make_activation_task, make_image_task, make_transform_task,
        make_objective_task, make_penalty_task, make_rearrange_task, make_optimiser_task}) {
    if (std::unique_ptr<Task> task = make(problem, parallel)) return task;
  }
  fail_internal(where, "no kernel of the CPU solves this problem");
}

// One run can take seconds, of a large image through a large network: a request to stop is obeyed between two tasks.
class CpuSequence final : public Sequence {
 public:
  using Sequence::Sequence;
  void run() override {
    for (Task* task : tasks_) {
      stop_if_requested();
      task->run();
    }
  }
};

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(CpuTeam team) : team_(std::move(team)) {}

  [[nodiscard]] std::string description() const override {
    const int threads = team_.parallel.threads();
    return fmt::format("cpu: {}, {} thread{}{}", onednn_version(), threads, threads == 1 ? "" : "s",
                       team_.autotune == nullptr ? "" : ", autotuned");
  }

  [[nodiscard]] std::unique_ptr<Backend> team(int threads) override {
    CpuTeam other = team_;
    other.parallel = Parallel(cpu_threads(threads));
    return std::make_unique<CpuBackend>(std::move(other));
  }

  [[nodiscard]] std::unique_ptr<Memory> allocate(int64_t bytes) override { return std::make_unique<CpuMemory>(bytes); }

  [[nodiscard]] MemoryUse memory() const override { return process_memory(); }
  void write(std::byte* dst, std::span<const std::byte> src) override {
    if (!src.empty()) std::memcpy(dst, src.data(), src.size());  // an empty one may be null
  }
  void read(std::span<std::byte> dst, const std::byte* src) override {
    if (!dst.empty()) std::memcpy(dst.data(), src, dst.size());
  }

  [[nodiscard]] PlannedTask plan(const Problem& problem, const std::string& where) override {
    team_.parallel.claim();
    return std::visit(
        [&]<class P>(const P& p) {
          if constexpr (kListed<P, LibraryProblems>) {
            return plan_one(p, where);
          } else {
            return plan_kernel(problem, where);
          }
        },
        problem);
  }

  [[nodiscard]] std::unique_ptr<Sequence> sequence(std::vector<Task*> tasks) override {
    return std::make_unique<CpuSequence>(std::move(tasks));
  }
  [[nodiscard]] ImplementationChoices implementation_choices() const override {
    return team_.autotune == nullptr ? ImplementationChoices{} : team_.autotune->used();
  }
  [[nodiscard]] GradientEpilogues gradient_epilogues(DType /*storage*/) const override { return {.sums = true}; }

  [[nodiscard]] Peaks measure_peaks(DType storage) override {
    refuse_bf16(storage);
    return measure_cpu_peaks(team_.parallel.threads(), storage);
  }

 private:
  static void refuse_bf16(DType storage) {
    if (storage != DType::bf16) return;
    const std::string refusal = refuse_bf16_on_cpu();
    if (!refusal.empty()) fail("precision bf16", "{}", refusal);
  }
  PlannedTask plan_one(const ConvolutionProblem& problem, const std::string& where) {
    refuse_bf16(problem.storage);
    return plan_convolution(problem, team_, where);
  }
  PlannedTask plan_one(const ConvolutionBackwardProblem& problem, const std::string& where) {
    refuse_bf16(problem.storage);
    if (problem.masked) fail_internal(where, "a masked gradient, which the CPU backend does not take");
    return plan_convolution(problem, team_, where);
  }
  PlannedTask plan_one(const InverseFourierProblem& problem, const std::string& /*where*/) {
    return plan_inverse_fourier(problem, team_.parallel);
  }
  PlannedTask plan_one(const InverseFourierBackwardProblem& problem, const std::string& /*where*/) {
    return plan_inverse_fourier(problem, team_.parallel);
  }
  PlannedTask plan_one(const LinearProblem& problem, const std::string& /*where*/) {
    refuse_bf16(problem.storage);
    return plan_linear(problem, team_);
  }
  PlannedTask plan_one(const LinearBackwardProblem& problem, const std::string& /*where*/) {
    refuse_bf16(problem.storage);
    return plan_linear(problem, team_);
  }

  PlannedTask plan_one(const MatrixProductsProblem& problem, const std::string& where) {
    refuse_bf16(problem.storage);
    return plan_matrix_products(problem, team_.parallel, where);
  }

  PlannedTask plan_kernel(const Problem& problem, const std::string& where) {
    PlannedTask planned;
    planned.implementation = "kernel";
    planned.attempts = {{"kernel", ""}};
    planned.workspace_bytes = workspace_bytes(problem);
    planned.task = make_kernel_task(problem, team_.parallel, where);
    return planned;
  }

  CpuTeam team_;
};

}  // namespace

int cpu_threads(int threads) {
  if (threads < 0 || threads > 1024) fail("--threads", "{} is not between 1 and 1024", threads);
  return threads == 0 ? std::max(1, static_cast<int>(std::thread::hardware_concurrency())) : threads;
}

std::unique_ptr<Backend> make_cpu_backend(int threads, std::shared_ptr<Autotune> autotune) {
  const int checked = cpu_threads(threads);
  return std::make_unique<CpuBackend>(CpuTeam{Parallel(checked), PackedWeights::make(), std::move(autotune), checked});
}

}  // namespace phosphene
