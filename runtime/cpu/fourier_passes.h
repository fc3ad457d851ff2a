// The inverse Fourier transform of a half spectrum, and its transpose, along columns and then rows (or back) by FourierPlan.
#pragma once

#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/image.h"

namespace phosphene {

// Why it cannot take these sizes, or "".
std::string refuse_fourier_passes(const Shape& spectrum);

PlannedTask plan_fourier_passes(const InverseFourierProblem& problem, const Parallel& parallel);
PlannedTask plan_fourier_passes(const InverseFourierBackwardProblem& problem, const Parallel& parallel);

}  // namespace phosphene
