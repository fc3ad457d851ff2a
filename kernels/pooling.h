// Max and average pooling of channels_last values, forward and backward.
//
// Max:      dst[p, q] = max over the taps (y, x) of window (p, q) inside the image; chosen = r * S + s of the first maximum in
//           row-major order. grad_src[h, w] = sum of grad_dst over the windows that hold (h, w) and chose it.
// Average:  dst[p, q] = sum over the taps inside / divisor(p, q). grad_src[h, w] = sum of grad_dst / divisor over the windows
//           that hold (h, w). Either times [mask > 0] where there is a mask. The divisor is Caffe's (taps inside the padded image) or TensorFlow's (taps inside the image).
// Rows are positions, elements channels. Backward is a gather: no atomics, and windows are visited in a fixed order.
// Overwrites. Max forward: R S + 1 accesses and a byte per output element, read mostly from cache, R S FLOPs.
//
// kTaps and kStride: of a square window that is compiled in, or 0. A GPU then has no loops, and no divisions that are not shifts.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/position.h"

namespace phosphene {

// GCC 12 unrolls loops over 16 lanes and fewer, and then no longer vectorises the choices of a maximum.
inline constexpr int kPoolingLanes = 64;

// Sizes of one pooling; the kernels share it.
struct PoolingGeometry {
  int h, w, p, q;  // rows and columns of src and dst
  int r, s, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right;
  int64_t c;
  bool divide_by_inside;
  PositionDivisors by_src{h, w}, by_dst{p, q};

  PHOSPHENE_HD float divisor(int p_index, int q_index) const {
    const int y = p_index * stride_h - pad_top, x = q_index * stride_w - pad_left;
    const int above = divide_by_inside ? larger(y, 0) : y;
    const int left = divide_by_inside ? larger(x, 0) : x;
    const int below = smaller(y + r, divide_by_inside ? h : h + pad_bottom);
    const int right = smaller(x + s, divide_by_inside ? w : w + pad_right);
    return static_cast<float>((below - above) * (right - left));
  }
};

template <class Storage, int kTaps = 0, int kStride = 0>
struct MaxPooling {
  static constexpr int cpu_lanes = kPoolingLanes;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = kGpuLanes<Storage>;
  const Storage* src;
  Storage* dst;
  unsigned char* chosen;
  PoolingGeometry g;
  PHOSPHENE_HD bool wide() const { return g.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, g.by_dst);
    float best[N];
    int32_t tap_of_best[N];
    for (int l = 0; l < N; ++l) best[l] = -__builtin_inff();
    for (int l = 0; l < N; ++l) tap_of_best[l] = 0;
    if constexpr (kTaps > 0) {
      unrolled(at, i, best, tap_of_best);
    } else {
      const int y0 = at.row * g.stride_h - g.pad_top, x0 = at.column * g.stride_w - g.pad_left;
      const int y_end = smaller(y0 + g.r, g.h), x_end = smaller(x0 + g.s, g.w);
      for (int y = larger(y0, 0); y < y_end; ++y) {
        for (int x = larger(x0, 0); x < x_end; ++x) {
          float value[N];
          load<N>(src + ((at.n * g.h + y) * g.w + x) * g.c + i, value);
          consider(value, (y - y0) * g.s + (x - x0), best, tap_of_best);
        }
      }
    }
    store<N>(dst + index * g.c + i, best);
    store_bytes<N>(chosen + index * g.c + i, tap_of_best);
  }

 private:
  template <int N>
  PHOSPHENE_HD static void consider(const float (&value)[N], int32_t tap, float (&best)[N], int32_t (&tap_of_best)[N]) {
    for (int l = 0; l < N; ++l) {
      // A select in bits: GCC makes masked stores of a conditional one, ten times slower on AVX2.
      const int32_t wins = -static_cast<int32_t>(value[l] > best[l]);
      tap_of_best[l] ^= (tap_of_best[l] ^ tap) & wins;
      best[l] = value[l] > best[l] ? value[l] : best[l];
    }
  }

  template <int N>
  PHOSPHENE_HD void unrolled(const Position& at, int i, float (&best)[N], int32_t (&tap_of_best)[N]) const {
    const int y0 = at.row * kStride - g.pad_top, x0 = at.column * kStride - g.pad_left;
    const int64_t line = g.w * g.c;
    const Storage* first = src + (at.n * g.h + y0) * line + x0 * g.c + i;  // may lie outside
    for (int dy = 0; dy < kTaps; ++dy) {
      for (int dx = 0; dx < kTaps; ++dx) {
        if (!is_inside(y0 + dy, g.h) || !is_inside(x0 + dx, g.w)) continue;
        float value[N];
        load<N>(first + dy * line + dx * g.c, value);
        consider(value, dy * kTaps + dx, best, tap_of_best);
      }
    }
  }
};

template <class Storage>
struct AveragePooling {
  static constexpr int cpu_lanes = kPoolingLanes;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = kGpuLanes<Storage>;
  const Storage* src;
  Storage* dst;
  PoolingGeometry g;
  PHOSPHENE_HD bool wide() const { return g.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, g.by_dst);
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
    // Unsigned, as a division by a power of two is then a shift.
    const auto padded = static_cast<unsigned>(coordinate + pad), by = static_cast<unsigned>(stride);
    const auto size = static_cast<unsigned>(taps);
    first = padded < size ? 0 : static_cast<int>((padded - size) / by + 1);
    last = smaller(static_cast<int>(padded / by), windows - 1);
  }
};

template <bool kMax, class Storage, int kTaps = 0, int kStride = 0>
struct PoolingBackward {
  static constexpr int cpu_lanes = kPoolingLanes;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = kGpuLanes<Storage>;
  const Storage* grad_dst;
  const unsigned char* chosen;  // max only
  Storage* grad_src;
  PoolingGeometry g;
  const Storage* mask = nullptr;  // a ReLU's output where src is one: its gradient is taken as well
  PHOSPHENE_HD bool wide() const { return g.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const Position at(index, g.by_src);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    if constexpr (kTaps > 0) {
      unrolled(at, i, sum);
    } else {
      const HoldingWindows rows(at.row, g.pad_top, g.r, g.stride_h, g.p);
      const HoldingWindows columns(at.column, g.pad_left, g.s, g.stride_w, g.q);
      for (int p = rows.first; p <= rows.last; ++p) {
        for (int q = columns.first; q <= columns.last; ++q) {
          const int32_t tap = (at.row + g.pad_top - p * g.stride_h) * g.s + at.column + g.pad_left - q * g.stride_w;
          add_of_window(at, p, q, tap, i, sum);
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

 private:
  // `tap`: which one of the window the position is.
  template <int N>
  PHOSPHENE_HD void add_of_window(const Position& at, int p, int q, int32_t tap, int i, float (&sum)[N]) const {
    const int64_t window = ((at.n * g.p + p) * g.q + q) * g.c + i;
    float gradient[N];
    load<N>(grad_dst + window, gradient);
    if constexpr (kMax) {
      int32_t choice[N];
      load_bytes<N>(chosen + window, choice);
      for (int l = 0; l < N; ++l) sum[l] += choice[l] == tap ? gradient[l] : 0.F;
    } else {
      const float share = 1.F / g.divisor(p, q);
      for (int l = 0; l < N; ++l) sum[l] = fused(gradient[l], share, sum[l]);
    }
  }

  template <int N>
  PHOSPHENE_HD void unrolled(const Position& at, int i, float (&sum)[N]) const {
    constexpr int kMost = (kTaps + kStride - 1) / kStride;
    const HoldingWindows rows(at.row, g.pad_top, kTaps, kStride, g.p);
    const HoldingWindows columns(at.column, g.pad_left, kTaps, kStride, g.q);
    const int32_t tap =
        (at.row + g.pad_top - rows.first * kStride) * kTaps + at.column + g.pad_left - columns.first * kStride;
    for (int dp = 0; dp < kMost; ++dp) {
      for (int dq = 0; dq < kMost; ++dq) {
        if (rows.first + dp > rows.last || columns.first + dq > columns.last) continue;
        add_of_window(at, rows.first + dp, columns.first + dq, tap - (dp * kTaps + dq) * kStride, i, sum);
      }
    }
  }
};

}  // namespace phosphene
