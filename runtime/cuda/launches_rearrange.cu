// The kernels that move and resample values, on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/rearrange.h"

namespace phosphene {

LaunchProblem choose_rearrange_launch(const Problem& problem) {
  return choose_launch(RearrangeKernelProblems(), problem);
}

}  // namespace phosphene
