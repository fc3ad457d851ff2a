#include "layers/image/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/parameters.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class ColourBackward final : public Op {
 public:
  ColourBackward(bool decorrelated, bool clipped) : decorrelated_(decorrelated), clipped_(clipped) {}

  [[nodiscard]] std::string_view kind() const override { return "colour backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return ColourBackwardProblem{dst[0].shape, decorrelated_, clipped_};
  }

 private:
  bool decorrelated_, clipped_;
};

using Matrix = std::array<double, 9>;  // row-major

// By the adjugate.
Matrix inverse_colour_matrix() {
  const ColourMatrix m;
  const auto minor = [&m](int row, int column) {  // with its sign, of cyclic neighbours
    const auto at = [&](int r, int c) { return static_cast<double>(m.m[(row + r) % 3 * 3 + (column + c) % 3]); };
    return at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1);
  };
  double determinant = 0;
  for (int c = 0; c < 3; ++c) determinant += static_cast<double>(m.m[c]) * minor(0, c);
  Matrix inverse{};
  size_t element = 0;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) inverse[element++] = minor(column, row) / determinant;
  }
  return inverse;
}

}  // namespace

std::vector<float> before_colour(const Shape& image, std::span<const float> values, bool decorrelated, bool clipped) {
  const auto plane = static_cast<size_t>(image.h * image.w), channels = static_cast<size_t>(image.c);
  const Matrix inverse = inverse_colour_matrix();
  std::vector<float> numbers(values.size());
  std::vector<double> pixel(channels);
  for (size_t first = 0; first < values.size(); first += channels * plane) {
    for (size_t i = 0; i < plane; ++i) {
      for (size_t c = 0; c < channels; ++c) {
        const auto value = static_cast<double>(values[first + c * plane + i]);
        const double within = std::clamp(value, kPictureMargin, 1 - kPictureMargin);
        pixel[c] = clipped ? value - static_cast<double>(ColourMatrix().mean[c]) : std::log(within / (1 - within));
      }
      for (size_t c = 0; c < channels; ++c) {
        const double mixed =
            decorrelated ? inverse[3 * c] * pixel[0] + inverse[3 * c + 1] * pixel[1] + inverse[3 * c + 2] * pixel[2]
                         : pixel[c];
        numbers[first + c * plane + i] = static_cast<float>(mixed);
      }
    }
  }
  return numbers;
}

std::vector<TensorInfo> Colour::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::planar) fail_internal("", "colour needs a planar image");
  if (decorrelated_ && src[0].shape.c != 3) {
    fail("", "{} colour needs 3 channels, the image has {}; use \"colour\": \"plain\"",
         clipped_ ? "clipped" : "decorrelated", src[0].shape.c);
  }
  return {src[0]};
}

Problem Colour::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return ColourProblem{dst[0].shape, decorrelated_, clipped_};
}

void Colour::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0],
      differentiator.graph().append(std::make_shared<ColourBackward>(decorrelated_, clipped_),
                                    {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
}

}  // namespace phosphene
