// What a step leaves behind besides the parameters: the objective's value of every image, and the step number.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

TensorInfo value_history(int64_t steps, int64_t n);  // float32, steps x N

// history[step] = value; an image whose value is not finite is stopped. All but `value` are states (kernels/objective_history.h).
void append_record(Graph& graph, ValueId value, ValueId step, ValueId history, ValueId stopped_at);

// step += 1; the last op of a step.
void append_advance(Graph& graph, ValueId step);

}  // namespace phosphene
