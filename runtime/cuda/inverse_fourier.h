// The inverse Fourier transform of a half spectrum, and its transpose, by cuFFT.
#pragma once

#include "runtime/cuda/device.h"
#include "runtime/problems/image.h"

namespace phosphene {

PlannedTask plan_inverse_fourier(Device& device, const InverseFourierProblem& problem);
PlannedTask plan_inverse_fourier(Device& device, const InverseFourierBackwardProblem& problem);

}  // namespace phosphene
