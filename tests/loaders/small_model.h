// A model with one layer of every kind, small enough to see through.
#pragma once

#include "loaders/model/model.h"

namespace phosphene::testing {

// data 3x8x8 -> conv1 (ReLU) -> norm1 -> pool1 -> two branches a (ReLU), b (ReLU, in groups) -> "block" (concat) -> sum
// -> pool2 (global average) -> fc -> prob. Aliases: first -> conv1, mixed -> block.
Model small_model();

// Whole numbers from -5 to 5.
Weights ramp(std::vector<int64_t> shape);

}  // namespace phosphene::testing
