// The activation functions' kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/activation.h"

namespace phosphene {

std::unique_ptr<Task> make_activation_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(ActivationKernelProblems(), problem, parallel);
}

}  // namespace phosphene
