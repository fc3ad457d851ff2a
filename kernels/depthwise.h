// Depthwise convolution of channels_last values, forward and backward to the source: each channel has a window of its own.
//
// Forward:   dst[p, q, c] = sum over r, s of weights[r, s, c] src[p stride_h - pad_top + r dilation_h, q stride_w - pad_left +
//            s dilation_w, c], + bias[c], then min(max(., 0), ceiling) with relu.
// Backward:  grad_src[h, w, c] = [mask > 0] * (sum of weights[r, s, c] grad_dst[p, q, c] over the taps whose window (p, q) reads
//            (h, w) by them, + addend[h, w, c]): a gather, no atomics.
// Rows are positions of what is written, elements its channels; weights R x S x C. Taps are added in row-major order, those outside left
// out. Overwrites. 2 R S FLOPs per element; R S reads of the other value, mostly from cache, and as many of the weights.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

struct DepthwiseGeometry {
  int h, w, p, q;  // rows and columns of src and dst
  int r, s, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
  int64_t c;
};

template <class Storage>
struct DepthwiseForward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const Storage* weights;
  const float* bias;  // or null
  Storage* dst;
  DepthwiseGeometry g;
  bool relu;
  float ceiling = __builtin_inff();
  PHOSPHENE_HD bool wide() const { return g.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const auto position = static_cast<int>(row % (g.p * g.q));
    const int64_t image = row / (g.p * g.q) * g.h;
    const int y0 = position / g.q * g.stride_h - g.pad_top, x0 = position % g.q * g.stride_w - g.pad_left;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int r = 0; r < g.r; ++r) {
      const int y = y0 + r * g.dilation_h;
      if (y < 0 || y >= g.h) continue;
      for (int s = 0; s < g.s; ++s) {
        const int x = x0 + s * g.dilation_w;
        if (x < 0 || x >= g.w) continue;
        float value[N], weight[N];
        load<N>(src + ((image + y) * g.w + x) * g.c + i, value);
        load<N>(weights + (r * g.s + s) * g.c + i, weight);
        for (int l = 0; l < N; ++l) sum[l] = fused(value[l], weight[l], sum[l]);
      }
    }
    if (bias != nullptr) {
      float added[N];
      load<N>(bias + i, added);
      for (int l = 0; l < N; ++l) sum[l] += added[l];
    }
    if (relu)
      for (int l = 0; l < N; ++l) sum[l] = smaller(sum[l] > 0.F ? sum[l] : 0.F, ceiling);
    store<N>(dst + row * g.c + i, sum);
  }
};

// The window that reads, by a tap at `offset` from its start, what lies at `padded` behind the padding's first row; -1: none does.
PHOSPHENE_HD int window_of_tap(int padded, int offset, int stride, int windows) {
  const int start = padded - offset;
  if (start < 0) return -1;
  if (stride == 1) return start < windows ? start : -1;
  const int window = start / stride;
  return window * stride == start && window < windows ? window : -1;
}

template <class Storage>
struct DepthwiseBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  const Storage* weights;
  const Storage* addend;  // or null
  const Storage* mask;    // or null
  Storage* grad_src;      // none of the others
  DepthwiseGeometry g;
  PHOSPHENE_HD bool wide() const { return g.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const auto position = static_cast<int>(row % (g.h * g.w));
    const int64_t image = row / (g.h * g.w) * g.p;
    const int below = position / g.w + g.pad_top, beside = position % g.w + g.pad_left;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int r = 0; r < g.r; ++r) {
      const int p = window_of_tap(below, r * g.dilation_h, g.stride_h, g.p);
      if (p < 0) continue;
      for (int s = 0; s < g.s; ++s) {
        const int q = window_of_tap(beside, s * g.dilation_w, g.stride_w, g.q);
        if (q < 0) continue;
        float gradient[N], weight[N];
        load<N>(grad_dst + ((image + p) * g.q + q) * g.c + i, gradient);
        load<N>(weights + (r * g.s + s) * g.c + i, weight);
        for (int l = 0; l < N; ++l) sum[l] = fused(gradient[l], weight[l], sum[l]);
      }
    }
    if (addend != nullptr) {
      float added[N];
      load<N>(addend + row * g.c + i, added);
      for (int l = 0; l < N; ++l) sum[l] += added[l];
    }
    if (mask != nullptr) {
      float rectified[N];
      load<N>(mask + row * g.c + i, rectified);
      for (int l = 0; l < N; ++l) sum[l] = rectified[l] > 0.F ? sum[l] : 0.F;
    }
    store<N>(grad_src + row * g.c + i, sum);
  }
};

}  // namespace phosphene
