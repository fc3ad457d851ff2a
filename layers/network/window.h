// How a window slides: the attributes a layer has, and the Window it becomes on a source of a given size.
#pragma once

#include "runtime/problems/network.h"

namespace phosphene {

struct WindowAttributes {
  int64_t r = 1, s = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool same =
      false;  // TensorFlow's SAME: dst = ceil(src / stride), what is missing is padded, the odd one at the bottom and right
  bool ceil =
      false;  // Caffe: dst rounds up, the last window may hang over the edge, but must start inside the padding above
  int64_t dilation_h = 1, dilation_w = 1;  // rows and columns from one tap to the next

  bool operator==(const WindowAttributes&) const = default;
};

// Throws when an attribute is out of its range.
void check(const WindowAttributes& attributes);

// With the paddings as they are, whatever the rule. A single tap has no dilation.
Window window_of(const WindowAttributes& attributes);

// The window with its paddings, and the rows and columns of the destination. With `ceil` the padding at the bottom and right
// stays what the attributes say: what hangs over is clipped. Throws when an attribute is out of its range or the window does not fit.
struct SlidingWindow {
  Window window;
  int64_t rows = 0, columns = 0;
};
SlidingWindow slide(const WindowAttributes& attributes, const Shape& src);

}  // namespace phosphene
