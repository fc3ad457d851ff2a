// Linear layers by our own kernel: the matrix is read once per image, which is all there is to gain.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/network.h"

namespace phosphene {

PlannedTask plan_linear(const LinearProblem& problem, const Parallel& parallel);
PlannedTask plan_linear(const LinearBackwardProblem& problem, const Parallel& parallel);

}  // namespace phosphene
