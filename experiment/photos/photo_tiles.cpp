#include "experiment/photos/photo_tiles.h"

#include <algorithm>
#include <cmath>

#include "experiment/photos/resize.h"

namespace phosphene {

void PhotoTiles::Axis::scale_to(int64_t length) {
  scaled = std::max(length, tile);
  shown = std::min(scaled, kMax * tile);
}

int64_t PhotoTiles::Axis::first(int64_t index, int64_t count) const {
  return count > 1 ? index * (shown - tile) / (count - 1) : 0;
}

void PhotoTiles::Axis::map(int64_t index, int64_t count, int64_t& begin, int64_t& length) const {
  const int64_t from = std::clamp<int64_t>(begin, 0, tile - 1),
                to = std::clamp<int64_t>(begin + length, from + 1, tile);
  const int64_t cropped = (scaled - shown) / 2;
  const auto offset = static_cast<double>(cropped + first(index, count));
  const double per_pixel = static_cast<double>(photo) / static_cast<double>(scaled);
  const auto low = static_cast<int64_t>(std::floor((offset + static_cast<double>(from)) * per_pixel));
  const auto high = static_cast<int64_t>(std::ceil((offset + static_cast<double>(to)) * per_pixel));
  begin = std::clamp<int64_t>(low, 0, photo - 1);
  length = std::clamp<int64_t>(high, begin + 1, photo) - begin;
}

PhotoTiles::PhotoTiles(int64_t photo_height, int64_t photo_width, int64_t height, int64_t width) {
  rows_.photo = photo_height;
  rows_.tile = height;
  columns_.photo = photo_width;
  columns_.tile = width;
  // The side that is shorter for its target decides; the other comes out at least as long as its own.
  const bool by_height = photo_height * width <= photo_width * height;
  rows_.scale_to(by_height ? height : photo_height * width / photo_width);
  columns_.scale_to(by_height ? photo_width * height / photo_height : width);
  const Axis& longer = by_height ? columns_ : rows_;
  count_ = (longer.shown + longer.tile - 1) / longer.tile;
}

std::vector<HostTensor> PhotoTiles::cut(const Photo& photo) const {
  const HostTensor shown = resize_middle(photo, rows_.scaled, columns_.scaled, rows_.shown, columns_.shown);
  std::vector<HostTensor> tiles;
  for (int64_t index = 0; index < count_; ++index) {
    HostTensor tile{{1, 3, rows_.tile, columns_.tile}, {}};
    tile.data.reserve(static_cast<size_t>(3 * rows_.tile * columns_.tile));
    const int64_t top = rows_.first(index, count_), left = columns_.first(index, count_);
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < rows_.tile; ++y) {
        const float* row = shown.data.data() + (c * rows_.shown + top + y) * columns_.shown + left;
        tile.data.insert(tile.data.end(), row, row + columns_.tile);
      }
    }
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

Box PhotoTiles::in_photo(int64_t tile, const Box& box) const {
  Box mapped = box;
  const int64_t index = std::clamp<int64_t>(tile, 0, count_ - 1);
  rows_.map(index, count_, mapped.top, mapped.height);
  columns_.map(index, count_, mapped.left, mapped.width);
  return mapped;
}

}  // namespace phosphene
