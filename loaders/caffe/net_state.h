// Which layers a network has: `include` and `exclude` rules, met or not in Caffe's TEST phase, at level 0, without stages (net.cpp,
// Net::FilterNet and StateMeetsRule).
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <string>

namespace phosphene::caffe {

// The layers that inference has. Throws under the path for a layer with both kinds of rules.
NetParameter for_inference(const NetParameter& network, const std::string& path);

}  // namespace phosphene::caffe
