// Element-wise sum of two to eight values of one shape; its gradient goes to each of them unchanged.
#pragma once

#include <string>
#include <vector>

#include "runtime/accumulate.h"

namespace phosphene {

using Add = Accumulate;

// The sum of any number of values, at least one.
ValueId append_sum(Graph& graph, std::vector<ValueId> values, const std::string& name);

}  // namespace phosphene
