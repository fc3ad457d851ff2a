// A model with one layer of every kind, small enough to see through.
#pragma once

#include <stdexcept>

#include "loaders/model/model.h"

namespace phosphene::testing {

// data 3x8x8 -> conv1 (ReLU) -> norm1 -> pool1 -> two branches a (ReLU), b (ReLU, in groups) -> "block" (concat) -> sum
// -> pool2 (global average) -> fc -> prob. Aliases: first -> conv1, mixed -> block.
Model small_model();

// Whole numbers from -5 to 5.
Weights ramp(std::vector<int64_t> shape);

// The op of the named layer as a T. Throws if the layer does not exist or has another op.
template <class T>
const T& op_of(const Model& model, const std::string& layer) {
  const Layer* found = model.find(layer);
  if (found == nullptr) throw std::runtime_error("no layer " + layer);
  return dynamic_cast<const T&>(*found->op);
}

}  // namespace phosphene::testing
