// The inverse Fourier transform of a half spectrum, and its transpose, as real matrix products: any size, and exact to read.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/image.h"

namespace phosphene {

PlannedTask plan_fourier_products(const InverseFourierProblem& problem, const Parallel& parallel);
PlannedTask plan_fourier_products(const InverseFourierBackwardProblem& problem, const Parallel& parallel);

}  // namespace phosphene
