#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/arithmetic.h"

namespace phosphene {

template void enumerate_launches(ArithmeticKernelProblems, const Operands&);

}  // namespace phosphene
