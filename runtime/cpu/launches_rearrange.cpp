// The kernels that move and resample values, on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/rearrange.h"

namespace phosphene {

std::unique_ptr<Task> make_rearrange_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(RearrangeKernelProblems(), problem, parallel);
}

}  // namespace phosphene
