// Problems of arithmetic with broadcasting, and of normalisations. Conventions of all problems: runtime/problems/problem.h.
#pragma once

#include <algorithm>

#include "kernels/parameters.h"
#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

// The shape of an operand beside which the other one is broadcast: over channels, positions or both.
inline Shape broadcast(const Shape& a, const Shape& b) {
  return {std::max(a.n, b.n), std::max(a.c, b.c), std::max(a.h, b.h), std::max(a.w, b.w)};
}

// kernels/binary.h. One of the operands has the shape of dst; the other too, or it has one channel, one position or both.
struct BinaryProblem {  // a, b -> dst
  Shape a, b;
  BinaryOperation operation = BinaryOperation::add;
  DType storage = DType::f32;

  [[nodiscard]] Shape dst() const { return broadcast(a, b); }
};
// The gradient of one operand beside the other, each of which is read only where the derivative depends on it.
struct BinaryBackwardProblem {  // grad_dst, [other], [operand] -> gradient of operand; workspace
  Shape operand, other;
  BinaryDerivative derivative = BinaryDerivative::one;
  DType storage = DType::f32;

  [[nodiscard]] Shape dst() const { return broadcast(operand, other); }
  [[nodiscard]] bool reads_other() const {
    return derivative != BinaryDerivative::one && derivative != BinaryDerivative::minus_one;
  }
  [[nodiscard]] bool reads_operand() const {
    return derivative == BinaryDerivative::quotient || derivative == BinaryDerivative::larger ||
           derivative == BinaryDerivative::smaller;
  }
  [[nodiscard]] bool over_channels() const { return operand.c != dst().c; }
  [[nodiscard]] bool over_positions() const { return operand.h != dst().h || operand.w != dst().w; }
  // The sums of each row of the map, where there are sums over positions.
  [[nodiscard]] int64_t workspace_bytes() const {
    return over_positions() ? dst().n * dst().h * operand.c * static_cast<int64_t>(sizeof(float)) : 0;
  }
};

// kernels/channel_affine.h. `factors` and `shifts`: how many numbers there are, one for all channels, one for each, or none.
struct ChannelAffineProblem {  // src, [factor], [shift] -> dst
  Shape dst;
  int64_t factors = 0, shifts = 0;
  DType storage = DType::f32;
};

// kernels/layer_norm.h. A factor and a shift have a number for each channel.
struct LayerNormProblem {  // src, [factor], [shift] -> dst
  Shape src;
  float epsilon = 1e-5F;
  bool factor = false, shift = false;
  DType storage = DType::f32;
};
struct LayerNormBackwardProblem {  // grad_dst, src, [factor] -> grad_src
  Shape src;
  float epsilon = 1e-5F;
  bool factor = false;
  DType storage = DType::f32;
};

// kernels/group_norm.h. Statistics are float32, N x 2C: of each image, the mean at each channel, then 1 / the deviation.
struct GroupNormProblem {  // src, [factor], [shift] -> dst, statistics; workspace
  Shape src;
  int64_t groups = 1;
  float epsilon = 1e-5F;
  bool factor = false, shift = false;
  DType storage = DType::f32;

  [[nodiscard]] int64_t workspace_bytes() const {
    return src.n * (src.h + 1) * 2 * src.c * static_cast<int64_t>(sizeof(float));
  }
};
struct GroupNormBackwardProblem {  // grad_dst, src, statistics, [factor] -> grad_src; workspace
  Shape src;
  int64_t groups = 1;
  bool factor = false;
  DType storage = DType::f32;

  [[nodiscard]] int64_t workspace_bytes() const {
    return src.n * (src.h + 2) * 2 * src.c * static_cast<int64_t>(sizeof(float));
  }
};

// All are solved by our kernels (runtime/launches/arithmetic.h).
using ArithmeticKernelProblems =
    ProblemList<BinaryProblem, BinaryBackwardProblem, ChannelAffineProblem, LayerNormProblem, LayerNormBackwardProblem,
                GroupNormProblem, GroupNormBackwardProblem>;

}  // namespace phosphene
