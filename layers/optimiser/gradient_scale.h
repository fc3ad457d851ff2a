// The gradient of each image divided by its norm, or clipped to a norm: kernels/gradient_scale.h has the formulas.
#pragma once

#include <vector>

#include "runtime/graph.h"

namespace phosphene {

// The gradients of parameters that together belong to the owners of `stopped_at` (images, or groups of them), scaled by the norm that
// they have together for each owner. `limit` 0 divides by the norm, else it is the most a norm may be.
std::vector<ValueId> append_gradient_scale(Graph& graph, double limit, const std::vector<ValueId>& gradients,
                                           ValueId stopped_at);

}  // namespace phosphene
