// How an image becomes the input of a network.
#pragma once

#include <vector>

#include "runtime/tensor.h"

namespace phosphene {

// input[c] = scale * value[order[c]] - mean[c], value an RGB (or other) image in [0, 1].
struct Preprocessing {
  float scale = 255;
  std::vector<float> mean;  // one per channel of the network's input, in its order
  std::vector<int> order;   // {2, 1, 0} for a network that wants BGR
};

// Planar images in [0, 1], N x C x H x W, as the network's input: channels_last, prepared as above.
std::vector<float> prepare_input(const Preprocessing& preprocessing, const HostTensor& planar);

}  // namespace phosphene
