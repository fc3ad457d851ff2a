// Adam (Kingma and Ba 2015) as ops of the step's graph: kernels/adam.h has the formula.
#pragma once

#include <string>

#include "kernels/adam.h"
#include "runtime/graph.h"

namespace phosphene {

struct AdamAttributes {
  double learning_rate = 0.05, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  AdamEpsilon epsilon_form = AdamEpsilon::torch;
};

// Appends the ascent of the state `parameter` along `gradient`. Moments are the states "<parameter>/m" and "<parameter>/v"; step
// is the step number, latch (latches(n)) freezes images.
void append_adam(Graph& graph, const AdamAttributes& attributes, ValueId parameter, ValueId gradient, ValueId step,
                 ValueId latch);

TensorInfo latches(int64_t n);  // one int64 per image

}  // namespace phosphene
