#include "experiment/photos/resize.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"

namespace phosphene {
namespace {

// The sources of one destination element along one axis: weights of the triangle filter, as wide as the reduction is strong.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

// Destination elements [offset, offset + count) of an axis scaled from src to dst elements; half-pixel centres.
std::vector<Taps> triangle_taps(int64_t src, int64_t dst, int64_t offset, int64_t count) {
  const double scale = static_cast<double>(src) / static_cast<double>(dst);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const double centre = (static_cast<double>(offset + i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, std::llround(centre - support));
    const auto end = std::min<int64_t>(src, std::llround(centre + support));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t x = first; x < end; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((static_cast<double>(x) + 0.5 - centre) / support)));
      sum += weights.back();
    }
    Taps& tap = taps[static_cast<size_t>(i)];
    tap.first = first;
    for (const double weight : weights) tap.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

// One row of a photo, 3 x width numbers in [0, 1], filtered along the row.
void filter_row(const uint8_t* rgb, const std::vector<Taps>& columns, float* dst) {
  const auto width = columns.size();
  for (size_t x = 0; x < width; ++x) {
    float sum[3] = {0, 0, 0};
    const uint8_t* pixel = rgb + columns[x].first * 3;
    for (const float weight : columns[x].weights) {
      for (int c = 0; c < 3; ++c) sum[c] += weight * static_cast<float>(*pixel++);
    }
    for (size_t c = 0; c < 3; ++c) dst[c * width + x] = sum[c] / 255.F;
  }
}

}  // namespace

HostTensor resize_middle(const Photo& photo, int64_t scaled_h, int64_t scaled_w, int64_t height, int64_t width) {
  const auto rows = triangle_taps(photo.height, scaled_h, (scaled_h - height) / 2, height);
  const auto columns = triangle_taps(photo.width, scaled_w, (scaled_w - width) / 2, width);

  HostTensor image{{1, 3, height, width}, std::vector<float>(static_cast<size_t>(3 * height * width))};
  std::vector<float> filtered(static_cast<size_t>(3 * width));
  // Each source row is filtered once and added to every row that reads it, so that no whole intermediate image is held.
  size_t begin = 0;
  for (int64_t y = rows.front().first; y < photo.height && begin < rows.size(); ++y) {
    filter_row(photo.rgb.data() + y * photo.width * 3, columns, filtered.data());
    for (size_t i = begin; i < rows.size() && rows[i].first <= y; ++i) {
      const auto tap = static_cast<size_t>(y - rows[i].first);
      if (tap >= rows[i].weights.size()) {
        begin = i + 1;
        continue;
      }
      for (size_t c = 0; c < 3; ++c) {
        float* dst = image.data.data() + (c * static_cast<size_t>(height) + i) * static_cast<size_t>(width);
        for (size_t x = 0; x < static_cast<size_t>(width); ++x) {
          dst[x] += rows[i].weights[tap] * filtered[c * static_cast<size_t>(width) + x];
        }
      }
    }
  }
  return image;
}

ScaledSize size_to_cover(int64_t photo_height, int64_t photo_width, int64_t height, int64_t width) {
  // The side that is shorter for its target decides; the other comes out at least as long as its own.
  const bool by_height = photo_height * width <= photo_width * height;
  return {by_height ? height : photo_height * width / photo_width,
          by_height ? photo_width * height / photo_height : width};
}

HostTensor resize_and_crop(const Photo& photo, int64_t height, int64_t width) {
  if (height < 1 || width < 1) fail_internal("resize_and_crop", "{} x {} pixels are asked for", height, width);
  const ScaledSize scaled = size_to_cover(photo.height, photo.width, height, width);
  return resize_middle(photo, scaled.height, scaled.width, height, width);
}

HostTensor resize_whole(const Photo& photo, int64_t height, int64_t width) {
  if (height < 1 || width < 1) fail_internal("resize_whole", "{} x {} pixels are asked for", height, width);
  return resize_middle(photo, height, width, height, width);
}

}  // namespace phosphene
