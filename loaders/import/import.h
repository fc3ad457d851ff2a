// From a file's graph to a Model: constants are folded, patterns that exporters spell out are recognised, what computes nothing is dropped,
// normalisations are folded into convolutions, layers get names that people know.
#pragma once

#include <string>

#include "loaders/model/model.h"
#include "loaders/source/network.h"

namespace phosphene::source {

struct ImportOptions {
  int64_t height = 0, width = 0;  // where the file leaves them free; 0: 224
  std::string until;              // a node's output or name: what stands behind it is left out; "": the file's outputs
};

// Throws, naming the node and the attribute, for anything that is not understood; with what --until can save.
Model import_network(const Network& network, const ImportOptions& options = {});

}  // namespace phosphene::source
