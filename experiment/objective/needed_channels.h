// The part of the network that an objective needs: each channel and neuron is read from the branch of a concat that holds it, and
// from a block of that branch's channels if nothing else needs the others.
#pragma once

#include <string>

#include "experiment/objective/term.h"
#include "loaders/model/model_graph.h"

namespace phosphene {

// What is not listed is read from its whole layer. A function of the model and the objective alone, so that an image's arithmetic does not depend on the jobs beside it. Throws, with
// the term's place, where a layer does not exist. A unit that does not exist is not listed.
NeededChannels needed_channels(const Model& model, const Objective& objective);

// The layers and channels that an objective's terms read: equal for two objectives that need the same channels of a model.
std::string reads_of(const Objective& objective);

// Equal if and only if the reads are equal.
std::string to_string(const NeededChannels& reads);

}  // namespace phosphene
