// The activation functions' kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/activation.h"

namespace phosphene {

LaunchProblem choose_activation_launch(const Problem& problem) {
  return choose_launch(ActivationKernelProblems(), problem);
}

}  // namespace phosphene
