// Problems of activation functions, one number at a time (formulas: kernels/activation.h), and of the softmax.
#pragma once

#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

enum class ActivationKind : uint8_t {
  clip,
  leaky_relu,
  elu,
  sigmoid,
  tanh,
  hard_sigmoid,
  hard_swish,
  swish,
  gelu,
  gelu_tanh,
  softplus,
  mish
};

// A function of one number. `a` and `b`, where the kind has them: clip's low and high, a leaky ReLU's slope, ELU's alpha and gamma, a hard
// sigmoid's alpha and beta, swish's beta.
struct ActivationFunction {
  ActivationKind kind = ActivationKind::clip;
  float a = 0, b = 0;

  bool operator==(const ActivationFunction&) const = default;
};

// Whether the derivative follows from the function's value, so that the gradient reads dst instead of src.
inline bool gradient_reads_dst(const ActivationFunction& function) {
  switch (function.kind) {
    case ActivationKind::clip:
    case ActivationKind::elu:
    case ActivationKind::sigmoid:
    case ActivationKind::tanh:
      return true;
    case ActivationKind::leaky_relu:
      return function.a >= 0;  // else dst hides the sign of src
    default:
      return false;
  }
}

struct ActivationProblem {  // src -> dst
  int64_t elements = 0;
  ActivationFunction function;
  DType storage = DType::f32;
};
struct ActivationBackwardProblem {  // grad_dst, dst if gradient_reads_dst(function) else src -> grad_src
  int64_t elements = 0;
  ActivationFunction function;
  DType storage = DType::f32;
};

struct PReluProblem {  // src, slopes (C numbers of float32) -> dst
  Shape dst;
  DType storage = DType::f32;
};
struct PReluBackwardProblem {  // grad_dst, src, slopes -> grad_src
  Shape src;
  DType storage = DType::f32;
};

// Over channels at each position; kernels/softmax.h.
struct SoftmaxProblem {  // src -> dst
  Shape src;
  DType storage = DType::f32;
};
struct SoftmaxBackwardProblem {  // grad_dst, dst -> grad_src
  Shape src;
  DType storage = DType::f32;
};

// All are solved by our kernels (runtime/launches/activation.h).
using ActivationKernelProblems = ProblemList<ActivationProblem, ActivationBackwardProblem, PReluProblem,
                                             PReluBackwardProblem, SoftmaxProblem, SoftmaxBackwardProblem>;

}  // namespace phosphene
