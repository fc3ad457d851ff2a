// What of the network an objective's channels and neurons make necessary: each is read from the branch of a concat that holds it, and
// from a block of that branch's channels where nothing else needs the others.
#pragma once

#include <map>
#include <utility>

#include "experiment/objective/term_list.h"
#include "loaders/model/model_graph.h"

namespace phosphene {

struct NeededBlock {
  ChannelBlock block;
  int64_t begin = 0;  // which channel of the term's layer is the block's channel 0

  bool operator==(const NeededBlock&) const = default;
};

// By the term's index in the objective and the factor's in a product (0 otherwise). What is not listed is read from its whole layer.
using NeededChannels = std::map<std::pair<size_t, size_t>, NeededBlock>;

// A function of the model and the objective alone, so that an image's arithmetic does not depend on the jobs beside it. Throws, with
// the term's place, where a layer does not exist. A unit that does not exist is not listed.
NeededChannels needed_channels(const Model& model, const std::vector<Term>& objective);

// Equal for equal reads only.
std::string to_string(const NeededChannels& reads);

}  // namespace phosphene
