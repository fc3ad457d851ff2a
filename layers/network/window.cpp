#include "layers/network/window.h"

#include <algorithm>

#include "runtime/error.h"

namespace phosphene {
namespace {

struct Axis {
  int64_t count = 0, before = 0, after = 0;
};

// `reach`: from the first tap to the last.
Axis slide_axis(int64_t size, int64_t reach, int64_t stride, int64_t before, int64_t after,
                const WindowAttributes& attributes) {
  if (attributes.same) {
    const int64_t count = (size + stride - 1) / stride;
    const int64_t missing = std::max<int64_t>((count - 1) * stride + reach - size, 0);
    return {count, missing / 2, missing - missing / 2};
  }
  const int64_t room = size + before + after - reach;
  if (room < 0) return {0, before, after};
  int64_t count = (attributes.ceil ? (room + stride - 1) / stride : room / stride) + 1;
  if (attributes.ceil && (count - 1) * stride >= size + before) --count;
  return {count, before, after};
}

constexpr int64_t kMost = 1 << 16;  // of each attribute: sizes then stay far from 2^63

}  // namespace

void check(const WindowAttributes& a) {
  const auto refuse = [](const char* what, int64_t h, int64_t w, int64_t least) {
    if (std::min(h, w) < least || std::max(h, w) > kMost)
      fail("", "a window's {} of {}x{}; expected {} to {} each", what, h, w, least, kMost);
  };
  refuse("size", a.r, a.s, 1);
  refuse("stride", a.stride_h, a.stride_w, 1);
  refuse("dilation", a.dilation_h, a.dilation_w, 1);
  refuse("padding before", a.pad_top, a.pad_left, 0);
  refuse("padding behind", a.pad_bottom, a.pad_right, 0);
}

Window window_of(const WindowAttributes& a) {
  return {.r = a.r,
          .s = a.s,
          .stride_h = a.stride_h,
          .stride_w = a.stride_w,
          .pad_top = a.pad_top,
          .pad_left = a.pad_left,
          .pad_bottom = a.pad_bottom,
          .pad_right = a.pad_right,
          .dilation_h = a.r == 1 ? 1 : a.dilation_h,
          .dilation_w = a.s == 1 ? 1 : a.dilation_w};
}

SlidingWindow slide(const WindowAttributes& a, const Shape& src) {
  check(a);
  Window window = window_of(a);
  const Axis rows = slide_axis(src.h, window.reach_h(), a.stride_h, a.pad_top, a.pad_bottom, a);
  const Axis columns = slide_axis(src.w, window.reach_w(), a.stride_w, a.pad_left, a.pad_right, a);
  if (rows.count < 1 || columns.count < 1) {
    const std::string dilation = window.dilated() ? fmt::format(" dilated {}x{}", a.dilation_h, a.dilation_w) : "";
    fail("",
         "a window of {}x{}{} does not fit into {} with paddings {}+{} and {}+{}: the image is too small for this "
         "layer",
         a.r, a.s, dilation, to_string(src), a.pad_top, a.pad_bottom, a.pad_left, a.pad_right);
  }
  window.pad_top = rows.before;
  window.pad_left = columns.before;
  window.pad_bottom = rows.after;
  window.pad_right = columns.after;
  return {window, rows.count, columns.count};
}

}  // namespace phosphene
