// Layers of older Caffes as those of today: V0 (2013: a message within what joins the layers) and V1 (until 2014: `layers`, whose types
// are words of an enum).
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <string>

namespace phosphene::caffe {

// The type of a layer of any form, in today's words.
std::string type_of(const V1LayerParameter& layer);

// The same network with `layer` alone, without blobs. Padding layers of V0 move into the convolution or pooling that reads them. Throws
// under the path for a mixture of forms, and for a setting that its layer's type does not have.
NetParameter in_todays_form(const NetParameter& network, const std::string& path);

}  // namespace phosphene::caffe
