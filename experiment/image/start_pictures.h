// The pictures that an experiment starts from when its parameters change a picture.
#pragma once

#include <span>

#include "experiment/image/image.h"
#include "runtime/tensor.h"

namespace phosphene {

// N x C x H x W of `image` in [0, 1]. For a first phase (`before` is null): the photograph, scaled until it covers the
// image, its middle. For a later one: the pictures of the phase `before`, enlarged or shrunk where their size is
// another one; when the config has a photograph, with the detail of it that they had no room for (the octaves of
// DeepDream, Mordvintsev et al. 2015).
HostTensor start_pictures(const ImageSettings& settings, const Shape& image, const HostTensor* before);

// Refuses what start_pictures could not make in one of the phases, at least one, before any has begun.
void check_start_pictures(std::span<const ImageSettings> phases, const Model& model);

}  // namespace phosphene
