// Caffe's two files as messages: the topology (.prototxt, text) and the weights (.caffemodel, binary).
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <memory>
#include <string>

namespace phosphene::caffe {

// In today's form (old_layers.h). Fields that caffe.proto neither declares nor reserves are refused by name, with line and column, but
// for those of layers that are not read anyhow (layer_types.h).
NetParameter read_topology(const std::string& path);

// The layers that a file of weights was trained with, without blobs, by the same rules. Call it before the message loses what is
// unknown in it.
NetParameter topology_of(const NetParameter& weights, const std::string& path);

// Throws when the file is truncated, malformed or holds no layers.
std::shared_ptr<NetParameter> read_weights(const std::string& path);

}  // namespace phosphene::caffe
