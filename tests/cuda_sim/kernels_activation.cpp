#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/activation.h"

namespace phosphene {

template void enumerate_launches(ActivationKernelProblems, const Operands&);

}  // namespace phosphene
