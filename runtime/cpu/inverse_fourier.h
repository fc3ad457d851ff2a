// The inverse Fourier transform of a half spectrum, and its transpose, as two real matrix products.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"

namespace phosphene {

PlannedTask plan_inverse_fourier(const InverseFourierProblem& problem, const Parallel& parallel);
PlannedTask plan_inverse_fourier(const InverseFourierBackwardProblem& problem, const Parallel& parallel);

}  // namespace phosphene
