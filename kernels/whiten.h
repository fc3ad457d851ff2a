// Whitening: dst[n, c, part, ky, kx] = src * scale[ky, kx]. A half spectrum is planar N x C x 2H x K, H rows of real parts above H
// rows of imaginary ones; the scale is the inverse amplitude spectrum of natural images (Olah et al., "Feature Visualization",
// Distill 2017, section "Preconditioning"). Diagonal, so its own gradient. Rows of K; overwrites; 12 bytes and 1 FLOP per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

struct ScaleSpectrum {
  static constexpr int cpu_lanes = 8;
  const float* src;
  const float* scale;
  float* dst;
  int64_t h, k;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT x = src + row * k + i;
    const float* PHOSPHENE_RESTRICT s = scale + row % h * k + i;
    float* PHOSPHENE_RESTRICT y = dst + row * k + i;
    for (int l = 0; l < N; ++l) y[l] = x[l] * s[l];
  }
};

}  // namespace phosphene
