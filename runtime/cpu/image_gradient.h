// The data gradient of a convolution that reads an image: of few channels, so that oneDNN's blocks of 8 or 16 would be mostly empty.
#pragma once

#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/cpu_team.h"
#include "runtime/problems/network.h"

namespace phosphene {

// Why `plan_image_gradient` cannot take this problem, or "".
std::string refuse_image_gradient(const ConvolutionBackwardProblem& problem);

// grad_src[p stride_h - pad_top + r, q stride_w - pad_left + s, c] += sum over k of grad_dst[p, q, k] weights[k, c, r, s].
// Behind a max pooling and a ReLU most of grad_dst is zero: in such a row the channels that are not are listed per position, and only
// theirs are multiplied; a row of more is multiplied whole. A term left out is a product with zero: where weights are finite the sum is
// the same. In bfloat16 the gradients and weights are widened, and the sums, in float32, rounded once. Sums run over k, then over q,
// then over p, whatever the number of threads.
PlannedTask plan_image_gradient(const ConvolutionBackwardProblem& problem, const CpuTeam& team);

}  // namespace phosphene
