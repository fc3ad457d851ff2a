// Arithmetic's kernels on the CPU.
#include "runtime/cpu/kernel_task.h"
#include "runtime/cpu/launches.h"
#include "runtime/launches/arithmetic.h"

namespace phosphene {

std::unique_ptr<Task> make_arithmetic_task(const Problem& problem, const Parallel& parallel) {
  return make_kernel_task(ArithmeticKernelProblems(), problem, parallel);
}

}  // namespace phosphene
