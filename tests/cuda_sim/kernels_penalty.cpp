#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/penalty.h"

namespace phosphene {

template void enumerate_launches(PenaltyKernelProblems, const Operands&);

}  // namespace phosphene
