// The pixel parameterization: the parameter is the image before colour itself, planar N x C x H x W.
#pragma once

#include <span>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/tensor.h"

namespace phosphene {

// N(0, sd^2) for every pixel, each a function of its image's key and its index alone. `image` has one image per key.
std::vector<float> initial_pixels(const Shape& image, std::span<const DrawKey> keys, double sd);

}  // namespace phosphene
