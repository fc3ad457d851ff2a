#include "layers/network/relu.h"

#include <limits>

#include "runtime/accumulate.h"
#include "runtime/differentiate.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class RedirectedReluBackward final : public Op {
 public:
  RedirectedReluBackward(float floor, float ceiling) : floor_(floor), ceiling_(ceiling) {}

  [[nodiscard]] std::string_view kind() const override { return "redirected relu backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return RedirectedReluBackwardProblem{src[1].shape, src[1].dtype, floor_, ceiling_};
  }

 private:
  float floor_, ceiling_;
};

}  // namespace

std::vector<TensorInfo> Relu::infer(std::span<const TensorInfo> src) const { return {src[0]}; }

Problem Relu::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return ReluProblem{src[0].shape.elements(), src[0].dtype};
}

void Relu::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  const std::string name = "grad " + node.layer;
  if (gradient_ == ReluGradient::linear) return differentiator.contribute(node.src[0], grad_dst);
  if (gradient_ == ReluGradient::redirected) {
    constexpr float kNone = std::numeric_limits<float>::infinity();
    return differentiator.contribute(node.src[0],
                                     append_redirected_gradient(graph, grad_dst, node.src[0], 0, kNone, name));
  }
  const int64_t channels = graph.shape(node.dst[0]).c;
  differentiator.contribute(
      node.src[0], graph.append(std::make_shared<Accumulate>(0, channels, true), {grad_dst, node.dst[0]}, name));
}

ValueId append_redirected_gradient(Graph& graph, ValueId grad_dst, ValueId src, float floor, float ceiling,
                                   const std::string& name) {
  return graph.append(std::make_shared<RedirectedReluBackward>(floor, ceiling), {grad_dst, src}, name);
}

}  // namespace phosphene
