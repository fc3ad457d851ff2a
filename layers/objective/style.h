// Style: how near the Gram matrices of a layer are to those of references. kernels/style.h has the formula.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

// A row of the table per image.
TensorInfo style_rows(int64_t n);

// F^T F of each set of `images_per_set` neighbouring images of `value` (N C H W), F its positions x channels.
ValueId append_grams(Graph& graph, ValueId value, int64_t images_per_set, const std::string& name);

// value (N) of `activation` (N C H W) against such matrices of references, to which nothing passes back; an objective.
ValueId append_style(Graph& graph, ValueId activation, ValueId reference_grams, ValueId rows, StyleForm form,
                     int64_t images_per_set, const std::string& name);

}  // namespace phosphene
