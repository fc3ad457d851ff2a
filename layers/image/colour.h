// From an image before colour to values in [0, 1]: decorrelated colours (three channels) and a sigmoid, or a clip;
// kernels/colour.h.
#pragma once

#include <span>
#include <vector>

#include "runtime/graph.h"

namespace phosphene {

class Colour final : public Op {
 public:
  // Clipped colours are decorrelated ones.
  explicit Colour(bool decorrelated, bool clipped = false) : decorrelated_(decorrelated), clipped_(clipped) {}

  [[nodiscard]] std::string_view kind() const override { return "colour"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  bool decorrelated_, clipped_;
};

// The inverse on the host, planar numbers of `image`: what Colour makes these values of, once they are clipped to
// [kPictureMargin, 1 - kPictureMargin], where a sigmoid has not lost its slope.
inline constexpr double kPictureMargin = 0.02;
std::vector<float> before_colour(const Shape& image, std::span<const float> values, bool decorrelated, bool clipped);

}  // namespace phosphene
