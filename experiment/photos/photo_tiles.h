// Tiles of one size that cover a photograph of any size. The photograph is scaled until it just covers a tile, then
// covered by as few tiles as do, spread evenly from one end of its longer side to the other. One plan serves every photograph.
#pragma once

#include "experiment/photos/photo.h"
#include "runtime/tensor.h"

namespace phosphene {

struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;

  bool operator==(const Box&) const = default;
};

class PhotoTiles {
 public:
  // Of a photograph longer than this many tiles only the middle is shown.
  static constexpr int64_t kMax = 8;

  // Sizes in pixels, of the photograph and of a tile.
  PhotoTiles(int64_t photo_height, int64_t photo_width, int64_t height, int64_t width);

  [[nodiscard]] int64_t count() const { return count_; }

  // All tiles of the photograph in order, planar 1 x 3 x height x width in [0, 1].
  [[nodiscard]] std::vector<HostTensor> cut(const Photo& photo) const;

  // What a box of a tile covers of the photograph, in its pixels: clipped to the tile, which is all that the network saw, rounded
  // outwards, and at least a pixel.
  [[nodiscard]] Box in_photo(int64_t tile, const Box& box) const;

 private:
  struct Axis {
    int64_t photo = 0, tile = 0;
    int64_t scaled = 0;  // the photograph's length once it is scaled
    int64_t shown = 0;   // of that, the middle that tiles cover

    void scale_to(int64_t length);
    [[nodiscard]] int64_t first(int64_t index, int64_t count) const;  // of a tile, within what is shown
    // [begin, begin + length) of a tile -> the same of the photograph.
    void map(int64_t index, int64_t count, int64_t& begin, int64_t& length) const;
  };

  Axis rows_, columns_;
  int64_t count_ = 1;
};

}  // namespace phosphene
