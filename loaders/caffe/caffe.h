// Caffe networks: the topology from a deploy.prototxt, the weights from a .caffemodel, matched by the names of layers
// (it may hold more of them: data, losses). Both the old form (V1, `layers`) and the new one (`layer`).
//
// Fields are used, harmless to inference (harmless_fields.cpp) or refused by name; layers are those of the TEST phase.
// Input: as transform_param says; without one a network of three channels is taken to want BGR in [0, 255] minus
// (104, 117, 123), ImageNet's mean, as the BVLC networks do.
// Pooling rounds up and averages over the padded window; an average over the whole map of the size the network was
// trained at becomes global; batch normalisation and scale are folded into the convolution before them; dropout is
// dropped. LRN within channels, leaky ReLU and layer types not listed in caffe.cpp are refused by name.
#pragma once

#include <string>

#include "loaders/model/model.h"

namespace phosphene {

Model read_caffe(const std::string& weights_path, const std::string& topology_path);

// Throw when one of the two files alone is not what it should be; so that a damaged file is named rather than its
// missing partner.
void check_caffe_weights(const std::string& path);
void check_caffe_topology(const std::string& path);

}  // namespace phosphene
