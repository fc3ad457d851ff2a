#include "layers/network/resize.h"

#include <algorithm>
#include <cmath>

#include "layers/network/gradient_op.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kLongestAxis = 1 << 16;

// What ONNX Runtime (1.32, as measured) takes for the middle between two elements: a quotient that should be there may miss it.
constexpr float kMiddle = 1e-6F;

// From which part behind the point on the element above is the nearest. No part but 0 is as small as 2^-100: sizes and factors are
// below 2^17, and numbers have 24 bits.
float least_rounded_up(ResizeRounding rounding) {
  switch (rounding) {
    case ResizeRounding::floor:
      return 1;
    case ResizeRounding::ceil:
      return 0x1p-100F;
    case ResizeRounding::round_prefer_floor:
      return 0.5F + kMiddle;
    case ResizeRounding::round_prefer_ceil:
      return 0.5F - kMiddle;
  }
  fail_internal("", "no such rounding");
}

}  // namespace

Resize::Resize(const ResizeAttributes& attributes) : attributes_(attributes) {
  const auto& [mode, coordinates, rounding, step, rows, columns, factor_h, factor_w] = attributes_;
  const bool sized = rows != 0 || columns != 0;
  if (sized && (rows < 1 || columns < 1 || rows > kLongestAxis || columns > kLongestAxis))
    fail("", "a size of {}x{}; 1 to {} are possible", rows, columns, kLongestAxis);
  if (sized && (factor_h != 0 || factor_w != 0)) fail("", "a map is resized to a size or by factors, not both");
  const auto possible = [](double factor) { return factor >= 0x1p-16 && factor <= 0x1p16; };
  if (!sized && !(possible(factor_h) && possible(factor_w)))
    fail("", "a map resized by factors {} and {}; 2^-16 to 2^16 are possible", factor_h, factor_w);
}

int64_t Resize::resized(int64_t in, int64_t fixed, double factor) const {
  if (fixed > 0) return fixed;
  const double exact = attributes_.step == ResizeStep::quotient
                           ? static_cast<double>(static_cast<float>(in) * static_cast<float>(factor))
                           : static_cast<double>(in) * factor;
  if (!(exact >= 1) || exact > static_cast<double>(kLongestAxis)) {
    fail("", "a factor of {} makes {} of {} rows or columns; 1 to {} are possible", factor, std::floor(exact), in,
         kLongestAxis);
  }
  return static_cast<int64_t>(exact);
}

ResizedAxis Resize::axis(int64_t in, int64_t out, double factor) const {
  const auto from = static_cast<float>(in), to = static_cast<float>(out);
  const bool divides = attributes_.step == ResizeStep::quotient;
  ResizedAxis axis{static_cast<int>(in), static_cast<int>(out)};
  axis.rounds_up_from = least_rounded_up(attributes_.rounding);
  if (divides)
    axis.divisor = factor > 0 ? static_cast<float>(factor) : to / from;
  else
    axis.multiplier = factor > 0 ? static_cast<float>(1 / factor) : from / to;
  switch (attributes_.coordinates) {
    case ResizeCoordinates::half_pixel:
      axis.shift = axis.back = 0.5F;
      break;
    case ResizeCoordinates::pytorch_half_pixel:
      if (out == 1)
        axis.multiplier = 0;
      else
        axis.shift = axis.back = 0.5F;
      break;
    case ResizeCoordinates::align_corners:
      axis.multiplier = out == 1 ? 0 : divides ? from - 1 : (from - 1) / (to - 1);
      axis.divisor = out == 1 || !divides ? 1 : to - 1;
      break;
    case ResizeCoordinates::asymmetric:
      break;
    case ResizeCoordinates::tf_half_pixel_for_nn:
      axis.shift = 0.5F;
      break;
  }
  return axis;
}

std::vector<TensorInfo> Resize::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  if (std::max(shape.h, shape.w) > kLongestAxis)
    fail("", "a map of shape {} to resize; at most {} rows and columns are possible", to_string(shape), kLongestAxis);
  const Shape dst{shape.n, shape.c, resized(shape.h, attributes_.rows, attributes_.factor_h),
                  resized(shape.w, attributes_.columns, attributes_.factor_w)};
  return {{dst, Layout::channels_last, src[0].dtype}};
}

Problem Resize::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  const Shape &from = src[0].shape, &to = dst[0].shape;
  return ResizeProblem{from,
                       to,
                       axis(from.h, to.h, attributes_.factor_h),
                       axis(from.w, to.w, attributes_.factor_w),
                       attributes_.mode == ResizeMode::linear,
                       src[0].dtype};
}

void Resize::differentiate(Differentiator& differentiator, const Node& node) const {
  const Graph& graph = differentiator.graph();
  const auto forward = std::get<ResizeProblem>(lower(graph.infos(node.src), graph.infos(node.dst)));
  contribute_gradient(
      ResizeBackwardProblem{forward.src, forward.dst, forward.rows, forward.columns, forward.linear, forward.storage},
      differentiator, node);
}

}  // namespace phosphene
