#include "tests/cuda_sim/kernels.h"

#include "runtime/launches/around_library.h"

namespace phosphene {

template void enumerate_launches(ProblemList<AddBiasStep, PackHalfSpectrumStep, UnpackHalfSpectrumStep, CopyRowsStep,
                                             DepthwiseStep, DepthwiseBackwardStep>,
                                 const Operands&);

}  // namespace phosphene
