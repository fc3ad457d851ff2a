// Stands in for the oneDNN tasks in the thread sanitizer's build, which tests kernels and the runtime only: the library's
// threads are not instrumented.
#include "runtime/cpu/bf16_support.h"
#include "runtime/cpu/convolution.h"
#include "runtime/cpu/inverse_fourier.h"
#include "runtime/cpu/matrix_products.h"
#include "runtime/cpu/onednn_version.h"
#include "runtime/cpu/peak.h"
#include "runtime/error.h"
#include "runtime/problems/image.h"
#include "runtime/problems/network.h"
#include "runtime/problems/objective.h"

namespace phosphene {

std::string onednn_version() { return "without oneDNN"; }

std::string refuse_bf16_on_cpu() { return "this build has no oneDNN"; }

PlannedTask plan_convolution(const ConvolutionProblem& /*problem*/, const CpuTeam& /*team*/, const std::string& where) {
  fail(where, "this build has no oneDNN");
}
PlannedTask plan_convolution(const ConvolutionBackwardProblem& /*problem*/, const CpuTeam& /*team*/,
                             const std::string& where) {
  fail(where, "this build has no oneDNN");
}
PlannedTask plan_inverse_fourier(const InverseFourierProblem& /*problem*/, const Parallel& /*parallel*/) {
  fail("inverse Fourier", "this build has no oneDNN");
}
PlannedTask plan_inverse_fourier(const InverseFourierBackwardProblem& /*problem*/, const Parallel& /*parallel*/) {
  fail("inverse Fourier", "this build has no oneDNN");
}

PlannedTask plan_matrix_products(const MatrixProductsProblem& /*problem*/, const Parallel& /*parallel*/,
                                 const std::string& where) {
  fail(where, "this build has no oneDNN");
}

Peaks measure_cpu_peaks(int /*threads*/, DType /*storage*/) { fail("peak", "this build has no oneDNN"); }

}  // namespace phosphene
