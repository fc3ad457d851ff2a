// Linear layers by our own kernel: the matrix is read once per image, which is all there is to gain.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/cpu_team.h"
#include "runtime/problems/network.h"

namespace phosphene {

PlannedTask plan_linear(const LinearProblem& problem, const CpuTeam& team);
PlannedTask plan_linear(const LinearBackwardProblem& problem, const CpuTeam& team);

}  // namespace phosphene
