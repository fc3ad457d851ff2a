#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/network.h"

namespace phosphene {

template void enumerate_launches(NetworkKernelProblems, const Operands&);

}  // namespace phosphene
