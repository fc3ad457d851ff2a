#include "experiment/config/image_size.h"

namespace phosphene {

ImageSize image_size(const Model& model, const Config& config) {
  return {config.height > 0 ? config.height : model.height, config.width > 0 ? config.width : model.width};
}

Shape input_shape(const Model& model, const Config& config, int64_t n) {
  const auto [height, width] = image_size(model, config);
  return {n, model.channels, height, width};
}

}  // namespace phosphene
