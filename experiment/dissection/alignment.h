// Where the pixels of a mask lie on a layer's map, and what the map is worth there: bilinear between samples, the border's value
// outside. Positions are computed in integers, so that a pixel on a sample gets that sample's number to the bit, and one that equals
// the threshold does not exceed it by rounding.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "layers/network/receptive_field.h"

namespace phosphene {

// The place x of pixel i of P on an axis of S samples:
//   receptive_field  x = (i - o) / s, with s the stride and o the centre of the receptive field of sample 0, in pixels counted at
//                    their centres: D. Bau et al., "Network Dissection", CVPR 2017, section 2.3
//   half_pixel       x = (i + 1/2) S / P - 1/2: what resizing a picture does
//   align_corners    x = i (S - 1) / (P - 1)
enum class Alignment : uint8_t { receptive_field, half_pixel, align_corners };

inline const std::vector<std::string> kAlignmentNames = {"receptive_field", "half_pixel", "align_corners"};
Alignment alignment_named(const std::string& name);
std::string name_of(Alignment alignment);

// The value at a pixel is (1 - weight) a[low] + weight a[low + 1]; a weight of 0 needs no a[low + 1].
struct AxisSample {
  int64_t low = 0;
  double weight = 0;  // in [0, 1)
};

class AlignedAxis {
 public:
  // `field`: of the layer, in the mask's pixels; receptive_field alone uses it. Throws where it cannot: all samples see the same.
  AlignedAxis(Alignment alignment, int64_t samples, int64_t pixels, const FieldAxis& field);

  [[nodiscard]] int64_t samples() const { return std::ssize(first_) - 1; }
  [[nodiscard]] int64_t pixels() const { return std::ssize(at_); }
  [[nodiscard]] const AxisSample& at(int64_t pixel) const { return at_[static_cast<size_t>(pixel)]; }
  // The pixels whose `low` is this sample: [first(low), first(low + 1)).
  [[nodiscard]] int64_t first(int64_t low) const { return first_[static_cast<size_t>(low)]; }

 private:
  std::vector<AxisSample> at_;
  std::vector<int64_t> first_;
};

// The pixels at which a map exceeds a threshold. Only cells with a sample above it are looked at: between four numbers that do not
// exceed it nothing does, and few do.
class PixelsAbove {
 public:
  PixelsAbove(AlignedAxis rows, AlignedAxis columns);

  // `map`: samples of rows x columns. The result, indices row-major in rising order of cells, is valid until the next call.
  std::span<const uint32_t> find(std::span<const float> map, float threshold);

  [[nodiscard]] int64_t height() const { return rows_.pixels(); }
  [[nodiscard]] int64_t width() const { return columns_.pixels(); }
  // The value at a pixel.
  [[nodiscard]] double value(std::span<const float> map, int64_t row, int64_t column) const;

 private:
  void mark(std::span<const float> map, float threshold);

  AlignedAxis rows_, columns_;
  std::vector<char> cells_;
  std::vector<uint32_t> found_;
};

}  // namespace phosphene
