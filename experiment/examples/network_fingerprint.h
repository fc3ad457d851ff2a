// Tells networks apart.
#pragma once

#include <cstdint>

#include "loaders/model/model.h"

namespace phosphene {

// A number that depends on every weight that the graph computes with, and on the model's preprocessing: another number, another network.
uint64_t network_fingerprint(const Model& model, const Graph& graph);

}  // namespace phosphene
