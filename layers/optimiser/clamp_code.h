// The code of a generator, kept among codes that the generator knows: kernels/clamp_code.h has the formula.
#pragma once

#include <vector>

#include "runtime/graph.h"

namespace phosphene {

// Least and most of each channel, and the most that the norm of a position's vector may be.
struct CodeBounds {
  std::vector<float> least, most;
  double norm = 8;
};

// Appends, behind the ascent, the update that brings the state `code` (channels_last) back into its bounds; images whose stopped_at is
// set keep every byte.
void append_clamp_code(Graph& graph, const CodeBounds& bounds, ValueId code, ValueId stopped_at);

}  // namespace phosphene
