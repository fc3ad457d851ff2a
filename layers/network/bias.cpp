#include "layers/network/bias.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<TensorInfo> Bias::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::channels_last || src[0].dtype != DType::f32)
    fail_internal("", "a bias needs float32 values, channels last");
  if (src[1].shape.elements() != src[0].shape.c)
    fail("", "{} biases for {} channels", src[1].shape.elements(), src[0].shape.c);
  return {src[0]};
}

Problem Bias::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return BiasProblem{dst[0].shape};
}

void Bias::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(node.src[0], differentiator.gradient(node.dst[0]));
}

ValueId append_bias(Graph& graph, ValueId src, const Weights& bias, const std::string& name) {
  const TensorInfo info{{1, bias.elements(), 1, 1}, Layout::channels_last, DType::f32};
  return graph.append(std::make_shared<Bias>(), {src, graph.constant(name + " bias", info, bias)}, name);
}

}  // namespace phosphene
