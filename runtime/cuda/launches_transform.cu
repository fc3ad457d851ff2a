// The transforms' kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/transform.h"

namespace phosphene {

LaunchProblem choose_transform_launch(const Problem& problem) {
  return choose_launch(TransformKernelProblems(), problem);
}

}  // namespace phosphene
