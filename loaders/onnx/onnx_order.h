// The order of nodes.
#pragma once

#include <string>

#include "loaders/source/network.h"

namespace phosphene::onnx {

// Sorts the nodes so that each stands behind those that write what it reads; those that may, keep the file's order. Throws for a cycle,
// and for a value that two nodes write.
void sort_nodes(source::Network& network);

}  // namespace phosphene::onnx
