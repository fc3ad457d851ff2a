// ReLU: dst = max(src, 0). Its gradient, grad_src = [dst > 0] grad_dst, is kernels/accumulate.h with a mask.
// One row of any length; overwrites; 8 bytes and 1 FLOP per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

struct Rectify {
  static constexpr int cpu_lanes = 16;
  const float* src;
  float* dst;
  int64_t row_elements;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT x = src + row * row_elements + i;
    float* PHOSPHENE_RESTRICT y = dst + row * row_elements + i;
    for (int l = 0; l < N; ++l) y[l] = x[l] > 0.F ? x[l] : 0.F;
  }
};

}  // namespace phosphene
