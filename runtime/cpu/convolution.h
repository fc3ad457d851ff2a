// Convolutions on oneDNN, forward and backward to the source, dense NHWC in and out, in float32 or bfloat16.
#pragma once

#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/autotune.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/network.h"

namespace phosphene {

// Candidates, best first. Forward: dense NHWC; a layout of oneDNN's choice between two reorders. Backward: towards an image, our own
// (image_gradient.h); dense NHWC, or, of stride 1, as a forward convolution with rotated weights, whichever is the faster kind here; a
// layout of oneDNN's choice. One that oneDNN only offers as `ref:` is refused: it is a hundred times slower. With `autotune` the
// fastest of these and of Winograd's is taken.
PlannedTask plan_convolution(const ConvolutionProblem& problem, const Parallel& parallel, Autotune* autotune,
                             const std::string& where);
PlannedTask plan_convolution(const ConvolutionBackwardProblem& problem, const Parallel& parallel, Autotune* autotune,
                             const std::string& where);

}  // namespace phosphene
