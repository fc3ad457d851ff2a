// A blob of Caffe may be written again in place; a value of loaders/source is written once. The last value of a blob has the blob's
// name, as users know it: "conv1" is what stands behind its ReLU. One that an activation covers is "conv1:pre", the first that batch
// normalisation or a scale covers "conv1:raw", others have their layer's name.
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <string>
#include <vector>

namespace phosphene::caffe {

struct LayerValues {
  std::vector<std::string> inputs, outputs;  // one for each bottom and top
};

// `image`: the blob of the input, whose name stays its own. Throws under the path for a bottom that no layer before writes, a top that
// is written twice but not in place, and a layer that Caffe computes wrongly in place.
std::vector<LayerValues> values_of(const std::vector<const LayerParameter*>& layers, const std::string& image,
                                   const std::string& path);

}  // namespace phosphene::caffe
