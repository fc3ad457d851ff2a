// Linear layers by cuBLAS.
#pragma once

#include "runtime/cuda/device.h"
#include "runtime/cuda/weights.h"

namespace phosphene {

// `tf32`: products may be rounded to 11 bits.
PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearProblem& problem, bool tf32);
PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearBackwardProblem& problem, bool tf32);

}  // namespace phosphene
