// The penalties' kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/penalty.h"

namespace phosphene {

LaunchProblem choose_penalty_launch(const Problem& problem) { return choose_launch(PenaltyKernelProblems(), problem); }

}  // namespace phosphene
