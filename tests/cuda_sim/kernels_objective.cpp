#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/diversity.h"
#include "runtime/launches/objective.h"
#include "runtime/launches/style.h"

namespace phosphene {

template void enumerate_launches(ObjectiveKernelProblems, const Operands&);

}  // namespace phosphene
