// Caffe networks: the topology from a deploy.prototxt, the weights from a .caffemodel, matched by the names of layers (it may hold more of
// them: data, losses). All three forms of layers. Without a topology the layers are those that the .caffemodel was trained with.
//
// Fields are used, harmless to inference (reserved in caffe.proto) or refused by name; layers are those of the TEST phase.
// Input: as transform_param says, with a mean image beside the topology reduced to one mean for each channel; without one a network of
// three channels is taken to want BGR in [0, 255] minus (104, 117, 123), ImageNet's mean, as the BVLC networks do.
// What the layers mean is known by loaders/import/caffe_rules.cpp.
#pragma once

#include <string>

#include "loaders/import/import.h"
#include "loaders/model/model.h"

namespace phosphene {

// `topology_path` may be empty. Throws where the size of the input is told by neither the file nor the options.
Model read_caffe(const std::string& weights_path, const std::string& topology_path,
                 const source::ImportOptions& options = {});

// Throws when a topology alone is not what it should be; so that a damaged file is named rather than its missing partner.
void check_caffe_topology(const std::string& path);

}  // namespace phosphene
