// The configuration of a whole Keras model (JSON, Keras 2 and 3, Sequential and Functional) as nodes.
#pragma once

#include <string>

#include "loaders/json.h"
#include "loaders/keras/layer_weights.h"
#include "loaders/source/network.h"

namespace phosphene::keras {

// Adds a model's inputs, nodes, constants and outputs to a network, whose path names it in errors. Each layer becomes a node
// "keras.CLASS"; a nested model's layers stand in its place, under "MODEL/LAYER". Throws, naming the layer, for what is not a layer of
// Keras (Lambda, classes of the user's own), for a layer that has weights and is called more than once, and for calls with arguments.
void add_model(source::Network& network, const Json& config, LayerWeights& weights);

}  // namespace phosphene::keras
