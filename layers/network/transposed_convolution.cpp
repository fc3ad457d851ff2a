#include "layers/network/transposed_convolution.h"

#include "layers/network/convolution.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

TransposedConvolution::TransposedConvolution(WindowAttributes window, Weights weights)
    : window_(window), weights_(std::move(weights)) {
  const std::vector<int64_t>& shape = weights_.shape;
  if (shape.size() != 4 || shape[2] != window_.r || shape[3] != window_.s)
    fail("", "weights of shape [{}] for a window of {}x{}", fmt::join(shape, ", "), window_.r, window_.s);
  if (window_.same || window_.ceil) fail_internal("", "a transposed convolution has no rule that depends on its size");
}

std::vector<TensorInfo> TransposedConvolution::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  const WindowAttributes& w = window_;
  if (shape.c != weights_.shape[0]) {
    fail("", "a source of shape {} for transposed weights of shape [{}]", to_string(shape),
         fmt::join(weights_.shape, ", "));
  }
  const Shape dst{shape.n, weights_.shape[1], (shape.h - 1) * w.stride_h + w.r - w.pad_top - w.pad_bottom,
                  (shape.w - 1) * w.stride_w + w.s - w.pad_left - w.pad_right};
  if (dst.h < 1 || dst.w < 1) fail("", "the paddings leave nothing of {}", to_string(shape));
  return {{dst, Layout::channels_last, src[0].dtype}};
}

Problem TransposedConvolution::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return ConvolutionBackwardProblem{dst[0].shape, src[0].shape, slide(window_, dst[0].shape).window, 1, weights_, false,
                                    false,        src[0].dtype};
}

void TransposedConvolution::differentiate(Differentiator& differentiator, const Node& node) const {
  const auto convolution = std::make_shared<Convolution>(window_, 1, weights_, Weights{});
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  differentiator.contribute(node.src[0], differentiator.graph().append(convolution, {grad_dst}, "grad " + node.layer));
}

}  // namespace phosphene
