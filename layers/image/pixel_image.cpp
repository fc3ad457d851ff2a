#include "layers/image/pixel_image.h"

#include "layers/image/normal_draws.h"

namespace phosphene {

std::vector<float> initial_pixels(const Shape& image, std::span<const DrawKey> keys, double sd) {
  const auto per_image = static_cast<size_t>(image.c * image.h * image.w);
  std::vector<float> pixels(per_image * keys.size());
  for (size_t n = 0; n < keys.size(); ++n) {
    draw_normal(keys[n], DrawPurpose::initial_pixels, sd, std::span<float>(pixels).subspan(n * per_image, per_image));
  }
  return pixels;
}

}  // namespace phosphene
