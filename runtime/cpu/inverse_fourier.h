// The inverse Fourier transform of a half spectrum, and its transpose.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/image.h"

namespace phosphene {

// By passes of small radices where the sizes divide into them, else by matrix products.
PlannedTask plan_inverse_fourier(const InverseFourierProblem& problem, const Parallel& parallel);
PlannedTask plan_inverse_fourier(const InverseFourierBackwardProblem& problem, const Parallel& parallel);

}  // namespace phosphene
