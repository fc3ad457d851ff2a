// Reverse-mode differentiation (A. Griewank and A. Walther, "Evaluating Derivatives", 2008, chapter 3) of a graph with
// respect to some of its values. Network weights are constants: only data gradients exist.
#pragma once

#include <span>
#include <vector>

#include "runtime/differentiator.h"

namespace phosphene {

// Appends the adjoint ops of every objective in `graph` and returns, for each value of `wrt`, the value that holds
// d (sum of the objectives) / d value, or kNoValue where no objective depends on it.
std::vector<ValueId> differentiate(Graph& graph, std::span<const ValueId> wrt);

}  // namespace phosphene
