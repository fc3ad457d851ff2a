// Max and average pooling of channels_last values, forward and backward.
//
// Max:      dst[p, q] = max over the taps (y, x) of window (p, q) inside the image; chosen = r * S + s of the first maximum in
//           row-major order. grad_src[h, w] = sum of grad_dst over the windows that hold (h, w) and chose it.
// Average:  dst[p, q] = sum over the taps inside / divisor(p, q). grad_src[h, w] = sum of grad_dst / divisor over the windows
//           that hold (h, w). Either times [mask > 0] where there is a mask. The divisor is Caffe's (taps inside the padded image) or TensorFlow's (taps inside the image).
// Rows are positions, elements channels. Backward is a gather: no atomics, and windows are visited in a fixed order.
// Overwrites. Max forward: R S + 1 accesses and a byte per output element, read mostly from cache, R S FLOPs.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

// GCC 12 unrolls loops over 16 lanes and fewer, and then no longer vectorises the choices of a maximum.
inline constexpr int kPoolingLanes = 64;

// Sizes of one pooling; the kernels share it.
struct PoolingGeometry {
  int h, w, p, q;  // rows and columns of src and dst
  int r, s, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right;
  int64_t c;
  bool divide_by_inside;

  PHOSPHENE_HD float divisor(int p_index, int q_index) const {
    const int y = p_index * stride_h - pad_top, x = q_index * stride_w - pad_left;
    const int above = divide_by_inside ? larger(y, 0) : y;
    const int left = divide_by_inside ? larger(x, 0) : x;
    const int below = smaller(y + r, divide_by_inside ? h : h + pad_bottom);
    const int right = smaller(x + s, divide_by_inside ? w : w + pad_right);
    return static_cast<float>((below - above) * (right - left));
  }
};

// The position a row stands for.
struct PoolingPosition {
  int64_t n;
  int row, column;
  PHOSPHENE_HD PoolingPosition(int64_t index, int rows, int columns)
      : n(index / (static_cast<int64_t>(rows) * columns)),
        row(static_cast<int>(index / columns % rows)),
        column(static_cast<int>(index % columns)) {}
};

template <class Storage>
struct MaxPooling {
  static constexpr int cpu_lanes = kPoolingLanes;
  static constexpr bool cpu_may_repeat = true;
  const Storage* src;
  Storage* dst;
  unsigned char* chosen;
  PoolingGeometry g;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const PoolingPosition at(index, g.p, g.q);
    const int y0 = at.row * g.stride_h - g.pad_top, x0 = at.column * g.stride_w - g.pad_left;
    const int y_end = smaller(y0 + g.r, g.h), x_end = smaller(x0 + g.s, g.w);
    float best[N];
    int32_t tap_of_best[N];
    for (int l = 0; l < N; ++l) best[l] = -__builtin_inff();
    for (int l = 0; l < N; ++l) tap_of_best[l] = 0;
    for (int y = larger(y0, 0); y < y_end; ++y) {
      for (int x = larger(x0, 0); x < x_end; ++x) {
        float value[N];
        load<N>(src + ((at.n * g.h + y) * g.w + x) * g.c + i, value);
        const int32_t tap = (y - y0) * g.s + (x - x0);
        for (int l = 0; l < N; ++l) {
          // A select in bits: GCC makes masked stores of a conditional one, ten times slower on AVX2.
          const int32_t wins = -static_cast<int32_t>(value[l] > best[l]);
          tap_of_best[l] ^= (tap_of_best[l] ^ tap) & wins;
          best[l] = value[l] > best[l] ? value[l] : best[l];
        }
      }
    }
    store<N>(dst + index * g.c + i, best);
    unsigned char* PHOSPHENE_RESTRICT tap_out = chosen + index * g.c + i;
    for (int l = 0; l < N; ++l) tap_out[l] = static_cast<unsigned char>(tap_of_best[l]);
  }
};

template <class Storage>
struct AveragePooling {
  static constexpr int cpu_lanes = kPoolingLanes;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  PoolingGeometry g;
  PHOSPHENE_HD bool wide() const { return g.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const PoolingPosition at(index, g.p, g.q);
    const int y0 = at.row * g.stride_h - g.pad_top, x0 = at.column * g.stride_w - g.pad_left;
    const int y_end = smaller(y0 + g.r, g.h), x_end = smaller(x0 + g.s, g.w);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int y = larger(y0, 0); y < y_end; ++y) {
      for (int x = larger(x0, 0); x < x_end; ++x) {
        float value[N];
        load<N>(src + ((at.n * g.h + y) * g.w + x) * g.c + i, value);
        for (int l = 0; l < N; ++l) sum[l] += value[l];
      }
    }
    const float divisor = g.divisor(at.row, at.column);
    for (int l = 0; l < N; ++l) sum[l] /= divisor;
    store<N>(dst + index * g.c + i, sum);
  }
};

// The windows, along one axis, that hold a source coordinate: first and last, empty when first > last.
struct HoldingWindows {
  int first, last;
  PHOSPHENE_HD HoldingWindows(int coordinate, int pad, int taps, int stride, int windows) {
    const int padded = coordinate + pad;
    first = padded < taps ? 0 : (padded - taps) / stride + 1;
    last = smaller(padded / stride, windows - 1);
  }
};

template <bool kMax, class Storage>
struct PoolingBackward {
  static constexpr int cpu_lanes = kPoolingLanes;
  static constexpr bool cpu_may_repeat = true;
  const Storage* grad_dst;
  const unsigned char* chosen;  // max only
  Storage* grad_src;
  PoolingGeometry g;
  const Storage* mask = nullptr;  // a ReLU's output where src is one: its gradient is taken as well

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const PoolingPosition at(index, g.h, g.w);
    const HoldingWindows rows(at.row, g.pad_top, g.r, g.stride_h, g.p);
    const HoldingWindows columns(at.column, g.pad_left, g.s, g.stride_w, g.q);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int p = rows.first; p <= rows.last; ++p) {
      for (int q = columns.first; q <= columns.last; ++q) {
        const int64_t window = ((at.n * g.p + p) * g.q + q) * g.c + i;
        float gradient[N];
        load<N>(grad_dst + window, gradient);
        if constexpr (kMax) {
          const int32_t tap = (at.row + g.pad_top - p * g.stride_h) * g.s + at.column + g.pad_left - q * g.stride_w;
          const unsigned char* PHOSPHENE_RESTRICT choice = chosen + window;
          for (int l = 0; l < N; ++l) sum[l] += choice[l] == tap ? gradient[l] : 0.F;
        } else {
          const float share = 1.F / g.divisor(p, q);
          for (int l = 0; l < N; ++l) sum[l] = fused(gradient[l], share, sum[l]);
        }
      }
    }
    if (mask != nullptr) {
      float rectified[N];
      load<N>(mask + index * g.c + i, rectified);
      for (int l = 0; l < N; ++l) sum[l] = rectified[l] > 0.F ? sum[l] : 0.F;
    }
    store<N>(grad_src + index * g.c + i, sum);
  }
};

}  // namespace phosphene
