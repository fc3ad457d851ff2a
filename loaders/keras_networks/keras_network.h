// Networks of keras.applications that are known by the names of their layers. A family is one file and one row in keras_network.cpp.
// Source: the authors' papers, and keras.applications (Apache License 2.0), https://github.com/keras-team/keras-applications (1.0.8) and
// https://github.com/keras-team/keras, keras/src/applications (3.15), which say what the papers leave open: epsilons and paddings.
#pragma once

#include <string>
#include <vector>

#include "loaders/keras_networks/keras_layers.h"

namespace phosphene {

struct KerasFamily {
  std::vector<std::string> names;  // of members
  // The member whose layers these are; "" if they are of none.
  std::string (*recognise)(const KerasWeights& weights);
  source::Network (*build)(KerasWeights& weights, const std::string& path, const std::string& member);
};

// The member that the weights' layers are of; "" for none, or for files whose layers have no names.
std::string keras_network_in(const KerasWeights& weights);

std::vector<std::string> keras_network_names();

// Throws unless the weights are those of `member`, naming the layer.
source::Network build_keras_network(KerasWeights& weights, const std::string& path, const std::string& member);

// Each file has a namespace of its own: a build may compile several as one.
namespace keras_networks {
namespace densenet {
KerasFamily family();
}
namespace inception_v3 {
KerasFamily family();
}
namespace mobilenet {
KerasFamily family();  // v1 and v2
}
namespace resnet {
KerasFamily family();  // v1, under today's names and those of before 2019, and v2
}
namespace xception {
KerasFamily family();
}
}  // namespace keras_networks
}  // namespace phosphene
