#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/optimiser.h"

namespace phosphene {

template void enumerate_launches(OptimiserKernelProblems, const Operands&);

}  // namespace phosphene
