#include "layers/network/window.h"

#include <algorithm>

#include "runtime/error.h"

namespace phosphene {
namespace {

struct Axis {
  int64_t count = 0, before = 0, after = 0;
};

Axis slide_axis(int64_t size, int64_t taps, int64_t stride, int64_t before, int64_t after,
                const WindowAttributes& attributes) {
  if (attributes.same) {
    const int64_t count = (size + stride - 1) / stride;
    const int64_t missing = std::max<int64_t>((count - 1) * stride + taps - size, 0);
    return {count, missing / 2, missing - missing / 2};
  }
  const int64_t room = size + before + after - taps;
  if (room < 0) return {0, before, after};
  int64_t count = (attributes.ceil ? (room + stride - 1) / stride : room / stride) + 1;
  if (attributes.ceil && (count - 1) * stride >= size + before) --count;
  return {count, before, after};
}

}  // namespace

SlidingWindow slide(const WindowAttributes& a, const Shape& src) {
  if (a.r < 1 || a.s < 1 || a.stride_h < 1 || a.stride_w < 1) {
    fail("", "a window of {}x{} with stride {}x{}", a.r, a.s, a.stride_h, a.stride_w);
  }
  const Axis rows = slide_axis(src.h, a.r, a.stride_h, a.pad_top, a.pad_bottom, a);
  const Axis columns = slide_axis(src.w, a.s, a.stride_w, a.pad_left, a.pad_right, a);
  if (rows.count < 1 || columns.count < 1) {
    fail("",
         "a window of {}x{} does not fit into {} with paddings {}+{} and {}+{}: the image is too small for this layer",
         a.r, a.s, to_string(src), a.pad_top, a.pad_bottom, a.pad_left, a.pad_right);
  }
  return {{a.r, a.s, a.stride_h, a.stride_w, rows.before, columns.before, rows.after, columns.after},
          rows.count,
          columns.count};
}

}  // namespace phosphene
