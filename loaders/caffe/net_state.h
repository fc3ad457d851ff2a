// Which layers a network has: `include` and `exclude` rules, met or not in Caffe's TEST phase, at level 0, with the stages that the
// file itself sets (net.cpp, Net::FilterNet and StateMeetsRule).
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <string>

namespace phosphene::caffe {

// Throws under the path for a layer with both kinds of rules.
bool is_there(const LayerParameter& layer, const NetState& state, const std::string& path);

// The layers that inference has.
NetParameter for_inference(const NetParameter& network, const std::string& path);

// The same of a network as training saved it: it has the layers of the TRAIN phase, so that data layers for training alone stay, and any
// other that is computed for training alone is refused: what stands for it at inference is not in the file.
NetParameter of_training(const NetParameter& network, const std::string& path);

}  // namespace phosphene::caffe
