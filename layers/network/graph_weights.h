// The trained numbers that a graph computes with.
#pragma once

#include <vector>

#include "runtime/graph.h"

namespace phosphene {

// Weights and bias of each convolution, also a transposed one, and of each linear layer of the graph, in its order, and the constants of
// other ops. A layer without a bias has an empty one.
std::vector<Weights> weights_of(const Graph& graph);

}  // namespace phosphene
