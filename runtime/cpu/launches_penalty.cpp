// The penalties' kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/penalty.h"

namespace phosphene {

std::unique_ptr<Task> make_penalty_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(PenaltyKernelProblems(), problem, parallel);
}

}  // namespace phosphene
