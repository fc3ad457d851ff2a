#include "layers/network/relu.h"

#include "runtime/accumulate.h"
#include "runtime/differentiate.h"

namespace phosphene {

std::vector<TensorInfo> Relu::infer(std::span<const TensorInfo> src) const { return {src[0]}; }

Problem Relu::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return ReluProblem{src[0].shape.elements(), src[0].dtype};
}

void Relu::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const int64_t channels = graph.shape(node.dst[0]).c;
  differentiator.contribute(node.src[0],
                            graph.append(std::make_shared<Accumulate>(0, channels, true),
                                         {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
}

}  // namespace phosphene
