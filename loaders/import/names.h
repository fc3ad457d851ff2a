// Names that people know, instead of those that exporters make: "/layer3/layer3.2/conv2/Conv_output_0" is layer3.2.conv2.
#pragma once

#include "loaders/model/model.h"
#include "loaders/source/network.h"

namespace phosphene::source {

// Where a node stands: the path of the module that made it, and what it is called there. Without a module the path is empty.
struct Place {
  std::string module, leaf;
};
// PyTorch: by Node::scope, else by the value's path ("/layer3/layer3.2/conv2/Conv_output_0": layer3.2.conv2, Conv). TensorFlow's and
// Keras' exports: "StatefulPartitionedCall/resnet50/conv1/BiasAdd:0" is conv1, BiasAdd in resnet50.
Place place_in_modules(const Node& node, const std::string& value);

// Renames the layers: a module's only layer has its name; several of one op are numbered, as calls are ("relu", "relu_1"); of several
// ops the last has the module's name, and the others their own behind it. A module whose layers stand together, such as layer3.2, becomes an
// alias of its last one. The file's own names stay aliases. Model::folded follows.
void give_names(Model& model, const Network& network);

}  // namespace phosphene::source
