// The diversity of a group's images: how alike their Gram matrices are. kernels/diversity.h has the formula.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"
#include "runtime/problems/objective.h"

namespace phosphene {

// A row of the table per image.
TensorInfo diversity_rows(int64_t n);

// The cheaper form: (3 group + 1) positions < 4 channels speaks for the cross products, counted with their symmetry.
DiversityForm diversity_form(const Shape& activation, int64_t group);

// value (N) of `activation` (N C H W, groups of `group` neighbouring images) and `rows`; an objective, so maximised: a weight below 0
// makes images differ.
ValueId append_diversity(Graph& graph, ValueId activation, ValueId rows, int64_t group, DiversityForm form,
                         const std::string& name);

}  // namespace phosphene
