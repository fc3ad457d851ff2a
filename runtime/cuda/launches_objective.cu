// The objectives' kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/diversity.h"
#include "runtime/launches/objective.h"
#include "runtime/launches/style.h"

namespace phosphene {

LaunchProblem choose_objective_launch(const Problem& problem) {
  return choose_launch(ObjectiveKernelProblems(), problem);
}

}  // namespace phosphene
