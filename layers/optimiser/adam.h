// Adam (Kingma and Ba 2015) and NAdam (Dozat 2016) as ops of the step's graph: kernels/adam.h and nadam.h have the formulas.
#pragma once

#include <string>

#include "kernels/adam.h"
#include "layers/optimiser/update.h"
#include "runtime/graph.h"

namespace phosphene {

struct AdamAttributes {
  double learning_rate = 0.05, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  AdamEpsilon epsilon_form = AdamEpsilon::torch;
  LearningRateSchedule schedule{};
  bool nesterov = false;  // NAdam, which has PyTorch's form of epsilon only
};

// The factors of each step, from its number.
ValueId append_adam_schedule(Graph& graph, const AdamAttributes& attributes, ValueId step);

// Appends the ascent of the state `parameter` along `gradient`. Its moments are states of the names in
// layers/optimiser/update.h; stopped_at
// (one for each owner of an equal part of the parameter, layers/optimiser/update.h) freezes what its owner has.
void append_adam_update(Graph& graph, const AdamAttributes& attributes, ValueId parameter, ValueId gradient,
                        ValueId factors, ValueId stopped_at);

}  // namespace phosphene
