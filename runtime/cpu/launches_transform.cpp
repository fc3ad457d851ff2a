// The transforms' kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/transform.h"

namespace phosphene {

std::unique_ptr<Task> make_transform_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(TransformKernelProblems(), problem, parallel);
}

}  // namespace phosphene
