// Rows and columns added around a map, or cut off it where a padding is negative:
//   dst[n, k, p, q] = src[n, k, y(p - top), x(q - left)]
// Inside the map y and x are what they are given; outside, of H rows,
//   constant: dst is a number; reflect: y(t) = -t above, 2 (H - 1) - t below; edge: y(t) = 0 above, H - 1 below.
// numpy.pad, ONNX Pad and torch.nn.functional.pad name the rules alike (PyTorch's "replicate" is edge). A reflected padding is smaller
// than the map, so that one reflection suffices.
// Gradient: grad_src[y, x] = the sum of grad_dst over the elements of dst that read (y, x), rows before columns.
// Rows are positions, elements channels, channels_last; overwrites. Forward: two accesses per element of dst; backward: one read per
// element of dst and one write per element of src, one FLOP.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"
#include "kernels/position.h"

namespace phosphene {

// Who reads what along an axis of `in` elements that becomes `out`, `before` of them in front.
struct PaddedAxis {
  int in, out, before;
  PadRule rule;

  // Where element p reads; -1: nowhere.
  PHOSPHENE_HD int source(int p) const {
    const int t = p - before;
    if (t >= 0 && t < in) return t;
    if (rule == PadRule::constant) return -1;
    if (rule == PadRule::edge) return t < 0 ? 0 : in - 1;
    return t < 0 ? -t : 2 * (in - 1) - t;
  }

  // The elements that read source y are reader(y, 0) .. reader(y, readers(y) - 1), those of them that are not negative.
  PHOSPHENE_HD int first(int y) const { return rule == PadRule::edge && y == 0 ? 0 : larger(y + before, 0); }
  PHOSPHENE_HD int readers(int y) const {
    if (rule == PadRule::reflect) return 3;
    const int end = rule == PadRule::edge && y == in - 1 ? out : smaller(y + before + 1, out);
    return end - first(y);
  }
  PHOSPHENE_HD int reader(int y, int index) const {
    if (rule != PadRule::reflect) return first(y) + index;
    const int p = before + (index == 0 ? y : index == 1 ? -y : 2 * (in - 1) - y);
    const bool itself = index > 0 && y == (index == 1 ? 0 : in - 1);
    return p < out && !itself ? p : -1;
  }
};

template <class Storage>
struct PadMap {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  PaddedAxis rows, columns;
  int64_t c;
  float value;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, rows.out, columns.out);
    const int y = rows.source(at.row), x = columns.source(at.column);
    float numbers[N];
    for (int l = 0; l < N; ++l) numbers[l] = value;
    if (y >= 0 && x >= 0) load<N>(src + ((at.n * rows.in + y) * columns.in + x) * c + i, numbers);
    store<N>(dst + index * c + i, numbers);
  }
};

template <class Storage>
struct PadMapBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  Storage* grad_src;
  PaddedAxis rows, columns;
  int64_t c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, rows.in, columns.in);
    const int of_rows = rows.readers(at.row), of_columns = columns.readers(at.column);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int a = 0; a < of_rows; ++a) {
      const int p = rows.reader(at.row, a);
      if (p < 0) continue;
      for (int b = 0; b < of_columns; ++b) {
        const int q = columns.reader(at.column, b);
        if (q < 0) continue;
        float gradient[N];
        load<N>(grad_dst + ((at.n * rows.out + p) * columns.out + q) * c + i, gradient);
        for (int l = 0; l < N; ++l) sum[l] += gradient[l];
      }
    }
    store<N>(grad_src + index * c + i, sum);
  }
};

}  // namespace phosphene
