// Convolutions on oneDNN, forward and backward to the source, dense NHWC in and out, in float32 or bfloat16.
#pragma once

#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/cpu_team.h"
#include "runtime/problems/network.h"

namespace phosphene {

// Candidates, best first. Forward: dense NHWC; a layout of oneDNN's choice between two reorders. Backward: towards an image, our own
// (image_gradient.h); dense NHWC, or, of stride 1, as a forward convolution with rotated weights, whichever is the faster kind here; a
// layout of oneDNN's choice. In groups, either direction: where oneDNN has no kernel for depthwise ones (those that are dilated have none
// for the gradient), our own (depthwise.h); where it would make a matrix product of each group, narrower than a vector, several groups
// as one with zeros between them, which changes no sum: x + 0 w is x for every finite w. One that oneDNN only offers as `ref:` is refused:
// it is a hundred times slower. With autotuning the fastest of these and of Winograd's is taken.
PlannedTask plan_convolution(const ConvolutionProblem& problem, const CpuTeam& team, const std::string& where);
PlannedTask plan_convolution(const ConvolutionBackwardProblem& problem, const CpuTeam& team, const std::string& where);

}  // namespace phosphene
