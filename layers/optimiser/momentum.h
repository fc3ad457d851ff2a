// Gradient ascent with momentum, or along the sign of the momentum, as ops of the step's graph: kernels/momentum.h has
// the formula.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

struct MomentumAttributes {
  double learning_rate = 0.02, momentum = 0.9;
  bool sign = false;
  LearningRateSchedule schedule{};
};

// The rate of each step, from its number.
ValueId append_momentum_schedule(Graph& graph, const MomentumAttributes& attributes, ValueId step);

// Appends the ascent of the state `parameter` along `gradient`; the momentum is the state first_moment_of(parameter). stopped_at
// as Adam's.
void append_momentum_update(Graph& graph, const MomentumAttributes& attributes, ValueId parameter, ValueId gradient,
                            ValueId factors, ValueId stopped_at);

}  // namespace phosphene
