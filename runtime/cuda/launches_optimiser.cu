// The optimiser's kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/optimiser.h"

namespace phosphene {

LaunchProblem choose_optimiser_launch(const Problem& problem) {
  return choose_launch(OptimiserKernelProblems(), problem);
}

}  // namespace phosphene
