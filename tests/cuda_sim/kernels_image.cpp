#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/image.h"

namespace phosphene {

template void enumerate_launches(ImageKernelProblems, const Operands&);

}  // namespace phosphene
