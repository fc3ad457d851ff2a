// Where a network's images come from: its input's size, and what is done to them before.
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <string>

#include "loaders/caffe/blobs.h"
#include "loaders/source/network.h"

namespace phosphene::caffe {

// The only input: of the network's fields, an Input layer, or the first top of a data layer. Sizes that the file does not say are 0;
// channels that it does not say are those that the first convolution reads. Throws under the path where there are none or several.
source::Input image_input(const NetParameter& network, const BlobsByLayer& blobs, const std::string& path);

// What transform_param says, with a mean file that is read beside the topology; else BGR minus ImageNet's mean is assumed for three
// channels, and bytes as they are for others. Throws unless there is a factor and a mean for each channel, and if a mean file is missing.
source::StatedPreprocessing preprocessing_of(const NetParameter& network, int64_t channels, const std::string& path);

}  // namespace phosphene::caffe
