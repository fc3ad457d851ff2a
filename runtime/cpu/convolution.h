// Convolutions on oneDNN, forward and backward to the source, dense NHWC in and out, in float32 or bfloat16.
#pragma once

#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"

namespace phosphene {

// Candidates, best first: towards an image, our own (image_gradient.h); dense NHWC; NHWC backward as a forward convolution with rotated weights (stride 1); a layout of
// oneDNN's choice between two reorders. One that oneDNN only offers as `ref:` is refused: it is a hundred times slower.
PlannedTask plan_convolution(const ConvolutionProblem& problem, const std::string& where);
PlannedTask plan_convolution(const ConvolutionBackwardProblem& problem, const Parallel& parallel,
                             const std::string& where);

std::string onednn_version();  // "oneDNN 2.6.3"

}  // namespace phosphene
