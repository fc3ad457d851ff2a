// The optimiser's kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/optimiser.h"

namespace phosphene {

std::unique_ptr<Task> make_optimiser_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(OptimiserKernelProblems(), problem, parallel);
}

}  // namespace phosphene
