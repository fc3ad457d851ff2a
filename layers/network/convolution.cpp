#include "layers/network/convolution.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class ConvolutionBackward final : public Op {
 public:
  ConvolutionBackward(const ConvolutionProblem& forward)
      : problem_{forward.src,     forward.dst, forward.window, forward.groups, forward.weights, false, false,
                 forward.storage, {}} {}

  [[nodiscard]] std::string_view kind() const override { return "convolution backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.src, Layout::channels_last, problem_.storage}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  ConvolutionBackwardProblem problem_;
};

}  // namespace

Convolution::Convolution(WindowAttributes window, int64_t groups, Weights weights, Weights bias)
    : window_(window), groups_(groups), weights_(std::move(weights)), bias_(std::move(bias)) {
  check(window_);
  const std::vector<int64_t>& shape = weights_.shape;
  if (shape.size() != 4 || shape[2] != window_.r || shape[3] != window_.s) {
    fail("", "weights of shape [{}] for a window of {}x{}", fmt::join(shape, ", "), window_.r, window_.s);
  }
  if (groups_ < 1 || shape[0] % groups_ != 0) fail("", "{} output channels in {} groups", shape[0], groups_);
  if (bias_.data != nullptr && bias_.elements() != shape[0]) {
    fail("", "{} biases for {} output channels", bias_.elements(), shape[0]);
  }
}

std::shared_ptr<const Convolution> Convolution::outputs(int64_t first, int64_t count) const {
  if (groups_ != 1) fail_internal("", "some of the outputs of a convolution in {} groups", groups_);
  return std::make_shared<Convolution>(window_, 1, weights_.rows(first, count), bias_.rows(first, count));
}

std::vector<TensorInfo> Convolution::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  if (shape.c != weights_.shape[1] * groups_) {
    fail("", "a source of shape {} for weights of shape [{}] in {} group(s)", to_string(shape),
         fmt::join(weights_.shape, ", "), groups_);
  }
  const SlidingWindow sliding = slide(window_, shape);
  return {{{shape.n, weights_.shape[0], sliding.rows, sliding.columns}, Layout::channels_last, src[0].dtype}};
}

Problem Convolution::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return ConvolutionProblem{src[0].shape, dst[0].shape, slide(window_, src[0].shape).window, groups_, false, weights_,
                            bias_,        src[0].dtype};
}

void Convolution::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const auto forward = std::get<ConvolutionProblem>(lower(graph.infos(node.src), graph.infos(node.dst)));
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  differentiator.contribute(
      node.src[0], graph.append(std::make_shared<ConvolutionBackward>(forward), {grad_dst}, "grad " + node.layer));
}

}  // namespace phosphene
