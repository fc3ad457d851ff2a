#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/transform.h"

namespace phosphene {

template void enumerate_launches(TransformKernelProblems, const Operands&);

}  // namespace phosphene
