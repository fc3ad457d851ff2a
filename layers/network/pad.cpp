#include "layers/network/pad.h"

#include <algorithm>
#include <cmath>

#include "layers/network/gradient_op.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kWidestPadding = 1 << 16;

// How long an axis becomes.
int64_t padded(int64_t size, int64_t before, int64_t after, PadRule rule, const Shape& src) {
  const int64_t left = size + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
  if (left < 1) fail("", "paddings of {} and {} leave nothing of a map of shape {}", before, after, to_string(src));
  if (rule == PadRule::reflect && std::max(before, after) >= left) {
    fail("", "a padding of {} by reflection needs a map larger than that, got one of shape {}", std::max(before, after),
         to_string(src));
  }
  return size + before + after;
}

}  // namespace

Pad::Pad(Paddings paddings, PadRule rule, float value) : paddings_(paddings), rule_(rule), value_(value) {
  for (const int64_t padding : {paddings.top, paddings.left, paddings.bottom, paddings.right}) {
    if (std::abs(padding) > kWidestPadding)
      fail("", "a padding of {}; at most {} are possible", padding, kWidestPadding);
  }
  if (!std::isfinite(value)) fail("", "a padding with {}, which is not finite", value);
}

std::string_view Pad::kind() const {
  const auto& [top, left, bottom, right] = paddings_;
  return std::max({top, left, bottom, right}) > 0 ? "padding" : "crop";
}

std::vector<TensorInfo> Pad::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  const auto& [top, left, bottom, right] = paddings_;
  const Shape dst{shape.n, shape.c, padded(shape.h, top, bottom, rule_, shape),
                  padded(shape.w, left, right, rule_, shape)};
  return {{dst, Layout::channels_last, src[0].dtype}};
}

Problem Pad::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return PadProblem{src[0].shape, dst[0].shape, paddings_.top, paddings_.left, rule_, value_, src[0].dtype};
}

void Pad::differentiate(Differentiator& differentiator, const Node& node) const {
  const TensorInfo& src = differentiator.graph().info(node.src[0]);
  contribute_gradient(PadBackwardProblem{src.shape, differentiator.graph().shape(node.dst[0]), paddings_.top,
                                         paddings_.left, rule_, src.dtype},
                      differentiator, node);
}

}  // namespace phosphene
