// The image parameterizations' kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/image.h"

namespace phosphene {

LaunchProblem choose_image_launch(const Problem& problem) { return choose_launch(ImageKernelProblems(), problem); }

}  // namespace phosphene
