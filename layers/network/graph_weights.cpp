#include "layers/network/graph_weights.h"

#include "layers/network/prelu.h"
#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<Weights> weights_of(const Graph& graph) {
  std::vector<Weights> all;
  for (const Node& node : graph.nodes()) {
    for (const OpConstant& constant : node.op->constants()) all.push_back(constant.numbers);
    const Problem problem = node.op->lower(graph.infos(node.src), graph.infos(node.dst));
    const std::vector<Weights> own = weights_of(problem);
    all.insert(all.end(), own.begin(), own.end());
    if (const auto* prelu = dynamic_cast<const PRelu*>(node.op.get())) all.push_back(prelu->slopes());
  }
  return all;
}

}  // namespace phosphene
