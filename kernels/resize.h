// A map at another size: element p of an axis reads at x(p) of the source, between two elements or the nearest one:
//   x(p) = min(max((p + shift) multiplier / divisor - back, 0), in - 1)
//   dst[n, k, p, q] = sum over y, x of weight(p, y) weight(q, x) src[n, k, y, x]
//   linear:  weight(p, y) = 1 - |x(p) - y| where that is positive
//   nearest: weight(p, y) = 1 for one y, floor(x(p)) or the next, else 0
// The four numbers say by which rule a place in dst is one in src (layers/network/resize.h). Steps are rounded as exporters round them:
// ONNX Runtime divides by out / in (upsamplebase.h), PyTorch multiplies by in / out (UpSample.h), each in float32 and without fusing, so
// the nearest element is theirs also where x(p) would lie between two in exact arithmetic.
// x(p) never falls as p grows, rounded as it may be, so those that read an element are neighbours: the gradient
//   grad_src[y, x] = sum over p, q of weight(p, y) weight(q, x) grad_dst[p, q]
// visits them, rows before columns, from a guess that is corrected until it is right.
// Rows are positions, elements channels, channels_last; overwrites. Linear, forward: four reads (mostly from cache), a write and 6
// FLOPs per element. Backward, enlarging F times: 4 F^2 reads and 2 FLOPs each per element of src.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"
#include "kernels/position.h"

namespace phosphene {

struct ResizeTaps {
  int lower, upper;
  float weight;  // of the upper

  // What an element that has these taps takes of source y; the two are one where the axis ends.
  PHOSPHENE_HD float of(int y) const { return (lower == y ? 1.F - weight : 0.F) + (upper == y ? weight : 0.F); }
};

// Who reads what along an axis.
template <bool kLinear>
struct ResizeReads : ResizedAxis {
  PHOSPHENE_HD explicit ResizeReads(const ResizedAxis& axis) : ResizedAxis(axis) {}

  PHOSPHENE_HD ResizeTaps taps(int p) const {
    const float at = rounded_product(static_cast<float>(p) + shift, multiplier) / divisor - back;
    const float x = smaller(larger(at, 0.F), static_cast<float>(in - 1));
    const int below = static_cast<int>(x);
    const float behind = x - static_cast<float>(below);
    if constexpr (kLinear) {
      return {below, smaller(below + 1, in - 1), behind};
    } else {
      const int nearest = behind >= rounds_up_from ? smaller(below + 1, in - 1) : below;
      return {nearest, nearest, 0.F};
    }
  }

  // The first element that reads source y or one behind it; `out` where there is none.
  PHOSPHENE_HD int first(int y) const {
    const float guess = (static_cast<float>(y - 1) + back) * divisor / multiplier - shift;  // any number will do
    int p = guess > 0.F ? (guess < static_cast<float>(out) ? static_cast<int>(guess) : out) : 0;
    while (p > 0 && taps(p - 1).upper >= y) --p;
    while (p < out && taps(p).upper < y) ++p;
    return p;
  }
};

template <bool kLinear, class Storage>
struct ResizeMap {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  ResizeReads<kLinear> rows, columns;
  int64_t c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  // Between two neighbours of one row.
  template <int N>
  PHOSPHENE_HD void along(const Storage* row, const ResizeTaps& x, float (&between)[N]) const {
    float upper[N];
    load<N>(row + x.lower * c, between);
    load<N>(row + x.upper * c, upper);
    const float of_lower = 1.F - x.weight;
    for (int l = 0; l < N; ++l) between[l] = fused(x.weight, upper[l], rounded_product(of_lower, between[l]));
  }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, rows.out, columns.out);
    const ResizeTaps y = rows.taps(at.row), x = columns.taps(at.column);
    const Storage* image = src + at.n * rows.in * columns.in * c + i;
    const int64_t row = columns.in * c;
    float value[N];
    if constexpr (kLinear) {
      float below[N];
      along<N>(image + y.lower * row, x, value);
      along<N>(image + y.upper * row, x, below);
      const float of_lower = 1.F - y.weight;
      for (int l = 0; l < N; ++l) value[l] = fused(y.weight, below[l], rounded_product(of_lower, value[l]));
    } else {
      load<N>(image + y.lower * row + x.lower * c, value);
    }
    store<N>(dst + index * c + i, value);
  }
};

template <bool kLinear, class Storage>
struct ResizeMapBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  Storage* grad_src;
  ResizeReads<kLinear> rows, columns;
  int64_t c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, rows.in, columns.in);
    const Storage* image = grad_dst + at.n * rows.out * columns.out * c + i;
    const int first_column = columns.first(at.column);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int p = rows.first(at.row); p < rows.out; ++p) {
      const ResizeTaps y = rows.taps(p);
      if (y.lower > at.row) break;
      for (int q = first_column; q < columns.out; ++q) {
        const ResizeTaps x = columns.taps(q);
        if (x.lower > at.column) break;
        float gradient[N];
        load<N>(image + (static_cast<int64_t>(p) * columns.out + q) * c, gradient);
        const float weight = kLinear ? y.of(at.row) * x.of(at.column) : 1.F;
        for (int l = 0; l < N; ++l) sum[l] = fused(weight, gradient[l], sum[l]);
      }
    }
    store<N>(grad_src + index * c + i, sum);
  }
};

}  // namespace phosphene
