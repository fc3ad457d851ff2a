// How an image becomes the input of a network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/tensor.h"

namespace phosphene {

// input[c] = scale[c] * value[order[c]] - mean[c], value an RGB (or other) image in [0, 1]. (v - m) / s, as PyTorch has it, has the
// scale 1 / s and the mean m / s.
struct Preprocessing {
  std::vector<float> scale, mean;  // one per channel of the network's input, in its order
  std::vector<int> order;          // {2, 1, 0} for a network that wants BGR

  bool operator==(const Preprocessing&) const = default;
};

// How Model::preprocessing_source begins where the file says nothing: "assumed for a Caffe network".
inline constexpr std::string_view kAssumed = "assumed";

// Planar images in [0, 1], N x C x H x W, as the network's input: channels_last, prepared as above.
std::vector<float> prepare_input(const Preprocessing& preprocessing, const HostTensor& planar);

// In words, with numbers of four digits: "BGR in 0..255 minus 104 117 123", "RGB in -1..1",
// "RGB in 0..1 minus 0.485 0.456 0.406, divided by 0.229 0.224 0.225".
std::string describe(const Preprocessing& preprocessing);

}  // namespace phosphene
