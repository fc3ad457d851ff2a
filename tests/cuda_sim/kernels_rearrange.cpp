#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/rearrange.h"

namespace phosphene {

template void enumerate_launches(RearrangeKernelProblems, const Operands&);

}  // namespace phosphene
