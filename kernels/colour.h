// Colour decorrelation and sigmoid, per pixel of a planar image:
//   dst = sigmoid(M src),  grad_src = M' (grad_dst dst (1 - dst))
// The columns of M are the decorrelated axes of natural colours, divided by the largest column norm (Olah et al., Distill 2017;
// the matrix is the one of its reference implementation). Rows are (n, h), elements columns of the image; the three channels of
// a pixel are handled together. Overwrites. 8 bytes and about 25 FLOPs per number.
// Clipped instead of squashed:  dst = min(1, max(0, M src + mean)),  mean the average colour of natural images (.48 .46 .41). Its
// gradient passes straight through, grad_src = M' grad_dst, except where it would push a clipped number further out: there it is 0.
#pragma once

#include "kernels/exponential.h"
#include "kernels/host_device.h"
#include "kernels/parameters.h"

namespace phosphene {

template <bool kClipped>
struct ColourToRgb {
  static constexpr int cpu_lanes = 16;
  const float* src;
  float* dst;
  int h, w;
  ColourMatrix matrix{};

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t plane = static_cast<int64_t>(h) * w;
    const int64_t at = (row / h * 3 * h + row % h) * w + i;
    const float* PHOSPHENE_RESTRICT a = src + at;
    const float* PHOSPHENE_RESTRICT b = a + plane;
    const float* PHOSPHENE_RESTRICT c = b + plane;
    for (int channel = 0; channel < 3; ++channel) {
      const float* m = matrix.m + 3 * channel;
      float* PHOSPHENE_RESTRICT y = dst + at + channel * plane;
      for (int l = 0; l < N; ++l) {
        const float mixed = m[0] * a[l] + m[1] * b[l] + m[2] * c[l];
        y[l] = kClipped ? smaller(1.F, larger(0.F, mixed + matrix.mean[channel])) : sigmoid(mixed);
      }
    }
  }
};

template <bool kClipped>
struct ColourToRgbBackward {
  static constexpr int cpu_lanes = 16;
  const float* grad_dst;
  const float* dst;
  float* grad_src;
  int h, w;
  ColourMatrix matrix{};

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t plane = static_cast<int64_t>(h) * w;
    const int64_t at = (row / h * 3 * h + row % h) * w + i;
    float u[3][N];
    for (int channel = 0; channel < 3; ++channel) {
      const float* PHOSPHENE_RESTRICT g = grad_dst + at + channel * plane;
      const float* PHOSPHENE_RESTRICT y = dst + at + channel * plane;
      for (int l = 0; l < N; ++l) {
        const bool outward = (y[l] >= 1.F && g[l] > 0.F) || (y[l] <= 0.F && g[l] < 0.F);
        u[channel][l] = kClipped ? (outward ? 0.F : g[l]) : g[l] * y[l] * (1.F - y[l]);
      }
    }
    for (int axis = 0; axis < 3; ++axis) {
      float* PHOSPHENE_RESTRICT out = grad_src + at + axis * plane;
      for (int l = 0; l < N; ++l) {
        const float two = fused(matrix.m[axis], u[0][l], matrix.m[3 + axis] * u[1][l]);
        out[l] = fused(matrix.m[6 + axis], u[2][l], two);
      }
    }
  }
};

// The same with M the identity, for any number of channels: rows are (n, c, h).
struct SquashPlane {
  static constexpr int cpu_lanes = 16;
  const float* src;
  float* dst;
  int w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT x = src + row * w + i;
    float* PHOSPHENE_RESTRICT y = dst + row * w + i;
    for (int l = 0; l < N; ++l) y[l] = sigmoid(x[l]);
  }
};

struct SquashPlaneBackward {
  static constexpr int cpu_lanes = 16;
  const float* grad_dst;
  const float* dst;
  float* grad_src;
  int w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT g = grad_dst + row * w + i;
    const float* PHOSPHENE_RESTRICT y = dst + row * w + i;
    float* PHOSPHENE_RESTRICT out = grad_src + row * w + i;
    for (int l = 0; l < N; ++l) out[l] = g[l] * y[l] * (1.F - y[l]);
  }
};

}  // namespace phosphene
