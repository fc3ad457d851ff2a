// What a config that changes a picture begins with.
#pragma once

#include "experiment/config/config.h"
#include "runtime/tensor.h"

namespace phosphene {

// N x C x H x W of `image` in [0, 1]: for a first phase the config's photograph, scaled until it covers the image, its middle. For a later one
// the pictures of the phase `before`, enlarged or shrunk where their size is another one; when the config has a photograph, with the
// detail of it that they had no room for (the octaves of DeepDream, Mordvintsev et al. 2015).
HostTensor start_pictures(const Config& config, const Shape& image, const HostTensor* before);

// Refuses what start_pictures could not make in one of the phases of `config`, before any has begun.
void check_start_pictures(const Config& config, const Model& model);

}  // namespace phosphene
