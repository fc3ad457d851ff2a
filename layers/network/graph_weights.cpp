#include "layers/network/graph_weights.h"

#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<Weights> weights_of(const Graph& graph) {
  std::vector<Weights> all;
  for (const Node& node : graph.nodes()) {
    const Problem problem = node.op->lower(graph.infos(node.src), graph.infos(node.dst));
    if (const auto* convolution = std::get_if<ConvolutionProblem>(&problem)) {
      all.insert(all.end(), {convolution->weights, convolution->bias});
    } else if (const auto* linear = std::get_if<LinearProblem>(&problem)) {
      all.insert(all.end(), {linear->weights, linear->bias});
    }
  }
  return all;
}

}  // namespace phosphene
