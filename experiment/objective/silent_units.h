// Units behind an activation that passes no gradient.
#pragma once

#include <string>

#include "experiment/objective/objective.h"
#include "loaders/model/model_graph.h"

namespace phosphene {

// "the layer 'conv2'" or "the logits", ... of all terms, for messages.
std::string layers_of(const Objective& objective);

// Whether the objective reads a layer of the network for this image.
bool reads_network_for(const Objective& objective, const BatchImage& image);

// What to try where an objective's gradient is zero: a value that the model has, before the activation that hides it, or gradients that
// pass through ReLUs. "; try ..." or "".
std::string proposal_for_silent(const Model& model, const Objective& objective, const GradientRules& rules);

}  // namespace phosphene
