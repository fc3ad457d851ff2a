// Average pooling to a map of fixed size (PyTorch's AdaptiveAvgPool2d): of H rows, bin p of P covers
//   floor(p H / P) to ceil((p + 1) H / P) - 1
// so bins are of one size where P divides H, overlap where it does not, and repeat rows where P > H.
//   dst[p, q] = sum over the bin / its elements. grad_src[y, x] = sum of grad_dst / elements over the bins that hold (y, x).
// Rows are positions, elements channels, channels_last; a gather in a fixed order; overwrites. Forward: a read and a FLOP per element
// of a bin. Backward: a read, a division per position and 2 FLOPs for each bin that holds an element.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/position.h"

namespace phosphene {

// One axis. Products of sizes fit in 31 bits.
struct Bins {
  int in, out;

  PHOSPHENE_HD int begin(int p) const { return p * in / out; }
  PHOSPHENE_HD int end(int p) const { return ((p + 1) * in + out - 1) / out; }
  PHOSPHENE_HD int size(int p) const { return end(p) - begin(p); }
  // The bins that hold element y.
  PHOSPHENE_HD int first(int y) const { return y * out / in; }
  PHOSPHENE_HD int last(int y) const { return ((y + 1) * out - 1) / in; }
};

template <class Storage>
struct PoolBins {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  Bins rows, columns;
  int64_t c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, rows.out, columns.out);
    const int y_end = rows.end(at.row), x_end = columns.end(at.column);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int y = rows.begin(at.row); y < y_end; ++y) {
      for (int x = columns.begin(at.column); x < x_end; ++x) {
        float value[N];
        load<N>(src + ((at.n * rows.in + y) * columns.in + x) * c + i, value);
        for (int l = 0; l < N; ++l) sum[l] += value[l];
      }
    }
    const auto elements = static_cast<float>(rows.size(at.row) * columns.size(at.column));
    for (int l = 0; l < N; ++l) sum[l] /= elements;
    store<N>(dst + index * c + i, sum);
  }
};

template <class Storage>
struct PoolBinsBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  Storage* grad_src;
  Bins rows, columns;
  int64_t c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, rows.in, columns.in);
    const int last_row = rows.last(at.row), last_column = columns.last(at.column);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int p = rows.first(at.row); p <= last_row; ++p) {
      for (int q = columns.first(at.column); q <= last_column; ++q) {
        const float share = 1.F / static_cast<float>(rows.size(p) * columns.size(q));
        float gradient[N];
        load<N>(grad_dst + ((at.n * rows.out + p) * columns.out + q) * c + i, gradient);
        for (int l = 0; l < N; ++l) sum[l] = fused(gradient[l], share, sum[l]);
      }
    }
    store<N>(grad_src + index * c + i, sum);
  }
};

}  // namespace phosphene
