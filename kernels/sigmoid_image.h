// From the last layer of a generator, channels_last, to the planar image that it stands for:
//   dst[n, c, y, x] = sigmoid(src[n, y, x, c]),   grad_src[n, y, x, c] = grad_dst dst (1 - dst)
// Rows are (n, c, y), elements the columns of the image, in both directions; overwrites. 8 bytes (12 backward) and about 20
// FLOPs per number, 3 backward.
#pragma once

#include "kernels/exponential.h"
#include "kernels/host_device.h"

namespace phosphene {

// Where row (n, c, y) of a planar image begins in the same image channels_last.
PHOSPHENE_HD int64_t interleaved_row(int64_t row, int c, int h, int w) {
  const int64_t plane = row / h;
  return ((plane / c * h + row % h) * w) * c + plane % c;
}

struct SquashToPlanar {
  static constexpr int cpu_lanes = 8;
  const float* src;
  float* dst;
  int c, h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT x = src + interleaved_row(row, c, h, w) + static_cast<int64_t>(i) * c;
    float* PHOSPHENE_RESTRICT y = dst + row * w + i;
    for (int l = 0; l < N; ++l) y[l] = sigmoid(x[l * c]);
  }
};

struct SquashToPlanarBackward {
  static constexpr int cpu_lanes = 8;
  const float* grad_dst;
  const float* dst;
  float* grad_src;
  int c, h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT g = grad_dst + row * w + i;
    const float* PHOSPHENE_RESTRICT y = dst + row * w + i;
    float* PHOSPHENE_RESTRICT out = grad_src + interleaved_row(row, c, h, w) + static_cast<int64_t>(i) * c;
    for (int l = 0; l < N; ++l) out[l * c] = g[l] * y[l] * (1.F - y[l]);
  }
};

}  // namespace phosphene
