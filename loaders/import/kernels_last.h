// What TensorFlow and Keras share: channels last, in images and in kernels.
#pragma once

#include "loaders/import/importer.h"

namespace phosphene::source {

inline const std::vector<Axis> kChannelsLast = {Axis::n, Axis::h, Axis::w, Axis::c};

// A constant R x S x C x K as K x C x R x S.
Weights kernel(Translation& node, size_t input);
// A constant R x S x C x M, M filters of each channel, as C M x 1 x R x S.
Weights depthwise_kernel(Translation& node, size_t input);

}  // namespace phosphene::source
