// A transparent image over a background (A. Mordvintsev et al., "Differentiable Image Parameterizations", Distill 2018, "Transparency"),
// planar numbers in [0, 1], alpha one for all C channels x of a pixel:
//   dst = alpha x + (1 - alpha) b,    grad_x = alpha g,    grad_alpha = sum over channels of (x - b) g
// In linear light, so that soft edges do not darken, with G = 2.2 (T. Porter and T. Duff, "Compositing Digital Images", SIGGRAPH 1984,
// compose light, not what a file holds):
//   L = e + alpha x^G + (1 - alpha) b^G,    dst = L^(1/G),    grad_L = g dst / (G L)
//   grad_x = grad_L alpha G x^(G - 1),    grad_alpha = sum over channels of grad_L (x^G - b^G)
// e = 1e-6 keeps the root's slope finite at black, which it raises by half a byte. The background has no gradient.
// Rows are (n, h), elements columns; all channels of a pixel are handled together. Overwrites. Per number 12 bytes, 16 backward, and a
// third of 4 for alpha; 4 FLOPs, or about 150 and 110 in linear light.
#pragma once

#include "kernels/exponential.h"
#include "kernels/host_device.h"

namespace phosphene {

inline constexpr float kDisplayGamma = 2.2F;
inline constexpr float kLeastLight = 1e-6F;

// Where row (n, h) of channel 0 begins in planar numbers of c channels.
PHOSPHENE_HD int64_t first_plane_row(int64_t row, int c, int h, int w) { return (row / h * c * h + row % h) * w; }

template <bool kGamma>
struct CompositeOver {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const float* alpha;
  const float* background;
  float* dst;
  int c, h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT a = alpha + row * w + i;
    for (int channel = 0; channel < c; ++channel) {
      const int64_t at = first_plane_row(row, c, h, w) + static_cast<int64_t>(channel) * h * w + i;
      const float* PHOSPHENE_RESTRICT x = src + at;
      const float* PHOSPHENE_RESTRICT b = background + at;
      float* PHOSPHENE_RESTRICT y = dst + at;
      for (int l = 0; l < N; ++l) {
        const float front = kGamma ? power(x[l], kDisplayGamma) : x[l];
        const float back = kGamma ? power(b[l], kDisplayGamma) : b[l];
        const float light = fused(a[l], front, (1.F - a[l]) * back);
        y[l] = kGamma ? power(kLeastLight + light, 1.F / kDisplayGamma) : light;
      }
    }
  }
};

template <bool kGamma>
struct CompositeOverBackward {
  static constexpr int cpu_lanes = 16;
  const float* grad_dst;
  const float* src;
  const float* alpha;
  const float* background;
  const float* dst;
  float* grad_src;
  float* grad_alpha;
  int c, h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT a = alpha + row * w + i;
    float sum[N] = {};
    for (int channel = 0; channel < c; ++channel) {
      const int64_t at = first_plane_row(row, c, h, w) + static_cast<int64_t>(channel) * h * w + i;
      const float* PHOSPHENE_RESTRICT g = grad_dst + at;
      const float* PHOSPHENE_RESTRICT x = src + at;
      const float* PHOSPHENE_RESTRICT b = background + at;
      const float* PHOSPHENE_RESTRICT y = dst + at;
      float* PHOSPHENE_RESTRICT out = grad_src + at;
      for (int l = 0; l < N; ++l) {
        if constexpr (kGamma) {
          const float slope = power(x[l], kDisplayGamma - 1.F), back = power(b[l], kDisplayGamma);
          const float difference = fused(slope, x[l], -back);
          const float light = kLeastLight + fused(a[l], slope * x[l], (1.F - a[l]) * back);
          const float of_light = g[l] * y[l] / (kDisplayGamma * light);
          out[l] = of_light * a[l] * kDisplayGamma * slope;
          sum[l] = fused(of_light, difference, sum[l]);
        } else {
          out[l] = a[l] * g[l];
          sum[l] = fused(x[l] - b[l], g[l], sum[l]);
        }
      }
    }
    float* PHOSPHENE_RESTRICT out = grad_alpha + row * w + i;
    for (int l = 0; l < N; ++l) out[l] = sum[l];
  }
};

}  // namespace phosphene
