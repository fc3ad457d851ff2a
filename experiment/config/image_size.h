// The size of a config's images.
#pragma once

#include "experiment/config/config.h"
#include "loaders/model/model.h"

namespace phosphene {

struct ImageSize {
  int64_t height = 0, width = 0;

  bool operator==(const ImageSize&) const = default;
};

// As the config says, or else what the model was trained at. Of a config with phases, that of the first.
ImageSize image_size(const Model& model, const Config& config);

// Of `n` such images as the network sees them.
Shape input_shape(const Model& model, const Config& config, int64_t n);

}  // namespace phosphene
