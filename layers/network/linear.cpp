#include "layers/network/linear.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class LinearBackward final : public Op {
 public:
  explicit LinearBackward(const LinearProblem& forward)
      : problem_{forward.src, forward.k, forward.weights, forward.storage} {}

  [[nodiscard]] std::string_view kind() const override { return "linear backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.src, Layout::channels_last, problem_.storage}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  LinearBackwardProblem problem_;
};

}  // namespace

Linear::Linear(Weights weights, Weights bias) : weights_(std::move(weights)), bias_(std::move(bias)) {
  if (weights_.shape.size() < 2) fail("", "weights of shape [{}] for a linear layer", fmt::join(weights_.shape, ", "));
  if (bias_.data != nullptr && bias_.elements() != weights_.shape[0]) {
    fail("", "{} biases for {} outputs", bias_.elements(), weights_.shape[0]);
  }
}

std::vector<TensorInfo> Linear::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  const int64_t k = weights_.shape[0];
  if (shape.c * shape.h * shape.w * k != weights_.elements()) {
    fail("",
         "a source of shape {} for linear weights of shape [{}]: this layer needs the image size the network was "
         "trained at",
         to_string(shape), fmt::join(weights_.shape, ", "));
  }
  return {{{shape.n, k, 1, 1}, Layout::channels_last, src[0].dtype}};
}

Problem Linear::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return LinearProblem{src[0].shape, weights_.shape[0], weights_, bias_, src[0].dtype};
}

void Linear::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const auto forward = std::get<LinearProblem>(lower(graph.infos(node.src), graph.infos(node.dst)));
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  differentiator.contribute(node.src[0],
                            graph.append(std::make_shared<LinearBackward>(forward), {grad_dst}, "grad " + node.layer));
}

}  // namespace phosphene
