// A Caffe network as its files describe it.
#pragma once

#include <string>

#include "loaders/source/network.h"

namespace phosphene::caffe {

// Layers become nodes "caffe.TYPE" that read their bottoms, then their blobs ("blob 0 of 'conv1'"); their settings are attributes, as they
// are spelt, and the path of the weights is "weights_file". Data layers, losses and Silence do not become nodes. `topology_path` may be empty:
// the layers are then those that the weights' file was trained with.
source::Network read_graph(const std::string& weights_path, const std::string& topology_path);

}  // namespace phosphene::caffe
