// Arithmetic's kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/arithmetic.h"

namespace phosphene {

LaunchProblem choose_arithmetic_launch(const Problem& problem) {
  return choose_launch(ArithmeticKernelProblems(), problem);
}

}  // namespace phosphene
