// A problem that our kernels solve, as a task of the CPU backend. Whoever includes this includes the launches of the problem too.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/launch_cpu.h"
#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/problem.h"

namespace phosphene {

// The launcher that runtime/launches/ is written against.
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

// The task of a problem that the list has; null for any other.
template <class... P>
std::unique_ptr<Task> make_kernel_task(ProblemList<P...> /*solved*/, const Problem& problem, const Parallel& parallel) {
  std::unique_ptr<Task> task;
  const auto take = [&]<class One>(const One* one) {
    if (one != nullptr) task = std::make_unique<KernelTask<One>>(*one, parallel);
  };
  (take(std::get_if<P>(&problem)), ...);
  return task;
}

}  // namespace phosphene
