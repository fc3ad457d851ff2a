// Caffe's two files as messages: the topology (.prototxt, text) and the weights (.caffemodel, binary).
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <memory>
#include <string>

namespace phosphene::caffe {

// Old layers (V1, `layers`) are rewritten as new ones (`layer`). Throws with line and column when the text is not a
// network.
NetParameter read_topology(const std::string& path);

// Throws when the file is truncated, malformed or holds no layers.
std::shared_ptr<const NetParameter> read_weights(const std::string& path);

}  // namespace phosphene::caffe
