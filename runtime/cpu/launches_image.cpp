// The image parameterizations' kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/image.h"

namespace phosphene {

std::unique_ptr<Task> make_image_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(ImageKernelProblems(), problem, parallel);
}

}  // namespace phosphene
