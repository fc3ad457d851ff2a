#include "layers/network/graph_weights.h"

#include "layers/network/prelu.h"
#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<Weights> weights_of(const Graph& graph) {
  std::vector<Weights> all;
  for (const Node& node : graph.nodes()) {
    for (const OpConstant& constant : node.op->constants()) all.push_back(constant.numbers);
    const Problem problem = node.op->lower(graph.infos(node.src), graph.infos(node.dst));
    if (const auto* convolution = std::get_if<ConvolutionProblem>(&problem)) {
      all.insert(all.end(), {convolution->weights, convolution->bias});
    } else if (const auto* transposed = std::get_if<ConvolutionBackwardProblem>(&problem)) {
      all.insert(all.end(), {transposed->weights, transposed->bias});
    } else if (const auto* linear = std::get_if<LinearProblem>(&problem)) {
      all.insert(all.end(), {linear->weights, linear->bias});
    } else if (const auto* prelu = dynamic_cast<const PRelu*>(node.op.get())) {
      all.push_back(prelu->slopes());
    }
  }
  return all;
}

}  // namespace phosphene
