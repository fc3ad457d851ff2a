#include "layers/network/transposed_convolution.h"

#include "layers/network/convolution.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

TransposedConvolution::TransposedConvolution(WindowAttributes window, Weights weights, int64_t groups, Weights bias,
                                             OutputPadding output_padding)
    : window_(window),
      groups_(groups),
      weights_(std::move(weights)),
      bias_(std::move(bias)),
      output_padding_(output_padding) {
  check(window_);
  const std::vector<int64_t>& shape = weights_.shape;
  if (shape.size() != 4 || shape[2] != window_.r || shape[3] != window_.s)
    fail("", "weights of shape [{}] for a window of {}x{}", fmt::join(shape, ", "), window_.r, window_.s);
  if (groups_ < 1 || shape[0] % groups_ != 0) fail("", "{} source channels in {} groups", shape[0], groups_);
  if (bias_.data != nullptr && bias_.elements() != outputs())
    fail("", "{} biases for {} output channels", bias_.elements(), outputs());
  if (window_.same || window_.ceil)
    fail("", "a transposed convolution whose paddings depend on its size; expected the rule 'floor'");
  const auto& [h, w] = output_padding_;
  if (h < 0 || w < 0 || h >= window_.stride_h || w >= window_.stride_w) {
    fail("", "an output padding of {}x{} with stride {}x{}; expected at least 0 and less than the stride", h, w,
         window_.stride_h, window_.stride_w);
  }
}

std::vector<TensorInfo> TransposedConvolution::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  if (shape.c != weights_.shape[0]) {
    fail("", "a source of shape {} for transposed weights of shape [{}]", to_string(shape),
         fmt::join(weights_.shape, ", "));
  }
  const Window w = window_of(window_);
  const Shape dst{shape.n, outputs(),
                  (shape.h - 1) * w.stride_h + w.reach_h() - w.pad_top - w.pad_bottom + output_padding_.h,
                  (shape.w - 1) * w.stride_w + w.reach_w() - w.pad_left - w.pad_right + output_padding_.w};
  if (dst.h < 1 || dst.w < 1) fail("", "the paddings leave nothing of {}", to_string(shape));
  return {{dst, Layout::channels_last, src[0].dtype}};
}

Problem TransposedConvolution::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return ConvolutionBackwardProblem{dst[0].shape, src[0].shape, window_of(window_), groups_, weights_,
                                    false,        false,        src[0].dtype,       bias_};
}

// The rows behind the last window, fewer than the stride, are the convolution's own to leave out.
void TransposedConvolution::differentiate(Differentiator& differentiator, const Node& node) const {
  const auto convolution = std::make_shared<Convolution>(window_, groups_, weights_, Weights{});
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  differentiator.contribute(node.src[0], differentiator.graph().append(convolution, {grad_dst}, "grad " + node.layer));
}

}  // namespace phosphene
