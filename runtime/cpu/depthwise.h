// Depthwise convolutions by our own kernels (kernels/depthwise.h), forward and backward to the source.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/cpu_team.h"
#include "runtime/problems/network.h"

namespace phosphene {

// Of problems that `refuse_depthwise` (runtime/launches/depthwise.h) takes. In bfloat16 weights are rounded, sums are float32 and rounded
// once.
PlannedTask plan_depthwise(const ConvolutionProblem& problem, const CpuTeam& team);
PlannedTask plan_depthwise(const ConvolutionBackwardProblem& problem, const CpuTeam& team);

}  // namespace phosphene
