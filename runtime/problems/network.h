// Problems of the network's layers. Conventions of all problems: runtime/problems/problem.h.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

// A sliding window of r x s taps, `dilation` rows and columns from one to the next. Paddings are asymmetric because TensorFlow's SAME
// and Caffe's ceil mode are.
struct Window {
  int64_t r = 1, s = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int64_t dilation_h = 1, dilation_w = 1;

  bool operator==(const Window&) const = default;
  // Rows and columns from the first tap to the last.
  [[nodiscard]] int64_t reach_h() const { return (r - 1) * dilation_h + 1; }
  [[nodiscard]] int64_t reach_w() const { return (s - 1) * dilation_w + 1; }
  [[nodiscard]] bool dilated() const { return dilation_h != 1 || dilation_w != 1; }
};

// dst = correlate(src, weights) + bias, then min(max(., 0), ceiling) if relu: ReLU6 has a ceiling. Weights K x C/groups x R x S; bias K
// numbers or none.
struct ConvolutionProblem {  // src -> dst
  Shape src, dst;
  Window window;
  int64_t groups = 1;
  bool relu = false;
  Weights weights, bias;
  DType storage = DType::f32;
  float ceiling = std::numeric_limits<float>::infinity();
};
// grad_src = [mask > 0] * (the convolution's transpose of grad_dst + addend); the last two only where a backend asks for them.
// Or, of a transposed convolution in a network, + bias: a number for each channel of src, and then neither of them.
struct ConvolutionBackwardProblem {  // grad_dst, [addend], [mask] -> grad_src
  Shape src, dst;                    // of the forward problem
  Window window;
  int64_t groups = 1;
  Weights weights;
  bool addend = false, masked = false;
  DType storage = DType::f32;
  Weights bias = {};
};

// Why this gradient is not itself a convolution of grad_dst with rotated weights; "" if it is one.
std::string refuse_rotation(const ConvolutionBackwardProblem& problem);

// dst[n, k] = sum over c, h, w of weights[k, c, h, w] src[n, c, h, w] + bias[k].
struct LinearProblem {  // src -> dst
  Shape src;
  int64_t k = 0;
  Weights weights, bias;
  DType storage = DType::f32;
};
struct LinearBackwardProblem {  // grad_dst -> grad_src
  Shape src;
  int64_t k = 0;
  Weights weights;
  DType storage = DType::f32;
};

struct ReluProblem {  // src -> dst
  int64_t elements = 0;
  DType storage = DType::f32;
};

// kernels/redirected_relu.h
struct RedirectedReluBackwardProblem {  // grad_dst, src -> grad_src; workspace
  Shape src;
  DType storage = DType::f32;
  float floor = 0, ceiling = std::numeric_limits<float>::infinity();

  [[nodiscard]] int64_t workspace_bytes() const { return src.n * (src.h + 1) * static_cast<int64_t>(sizeof(float)); }
};

// dst = src + bias[channel], where no convolution adds it: behind a transposed one.
struct BiasProblem {  // src, bias (C) -> dst
  Shape dst;
};

// dst = [mask > 0] * sum of src[i][..., offset : offset + dst.c]. One op serves sums, slices (the gradient of a concat)
// and ReLU's gradient, so that a chain of them is read once and written once.
inline constexpr int kAccumulateSources = 8;
struct AccumulateProblem {  // src..., [mask] -> dst
  Shape dst;
  int sources = 1;
  int64_t src_c = 0;   // channels of every source
  int64_t offset = 0;  // first channel read
  bool masked = false;
  DType storage = DType::f32;
};

struct ConcatProblem {  // src... -> dst
  Shape dst;
  std::vector<int64_t> channels;  // of each source
  DType storage = DType::f32;
};

enum class PoolingKind : uint8_t { max, average };
enum class PoolingDivisor : uint8_t {
  padded,  // Caffe: the window clipped to the padded image
  inside   // TensorFlow: the taps inside the image
};
struct PoolingProblem {  // src -> dst, and for max: chosen (u8, tap r * S + s of the first maximum in row-major order)
  Shape src, dst;
  Window window;
  PoolingKind kind = PoolingKind::max;
  PoolingDivisor divisor = PoolingDivisor::padded;
  DType storage = DType::f32;
};
struct PoolingBackwardProblem {  // grad_dst, and for max: chosen, [mask] -> grad_src
  Shape src, dst;
  Window window;
  PoolingKind kind = PoolingKind::max;
  PoolingDivisor divisor = PoolingDivisor::padded;
  DType storage = DType::f32;
  bool masked = false;  // grad_src = [mask > 0] * the gradient: that of a ReLU in front, fused
};

// s_i = k + alpha * sum of src_j^2 over |j - i| <= radius; dst = src * s^-beta.
struct LrnProblem {  // src -> dst
  Shape src;
  int radius = 2;
  float alpha = 0, beta = 0.75F, k = 1;  // alpha as multiplied: Caffe's is divided by the size before
  DType storage = DType::f32;
};
struct LrnBackwardProblem {  // grad_dst, src, [mask] -> grad_src
  Shape src;
  int radius = 2;
  float alpha = 0, beta = 0.75F, k = 1;
  DType storage = DType::f32;
  bool masked = false;
};

// Those that a backend's library solves, and those of our kernels (runtime/launches/network.h).
using NetworkLibraryProblems =
    ProblemList<ConvolutionProblem, ConvolutionBackwardProblem, LinearProblem, LinearBackwardProblem>;
using NetworkKernelProblems =
    ProblemList<ReluProblem, RedirectedReluBackwardProblem, BiasProblem, AccumulateProblem, ConcatProblem,
                PoolingProblem, PoolingBackwardProblem, LrnProblem, LrnBackwardProblem>;

}  // namespace phosphene
