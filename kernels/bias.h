// What follows a convolution where its library leaves it over: dst = src + bias[channel], then max(., 0) with kRelu.
// Rows are positions of a channels_last value, elements its channels; overwrites; 8 bytes and 2 FLOPs per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <bool kRelu>
struct AddBias {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const float* bias;  // c numbers, or null for none
  float* dst;
  int64_t c;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT x = src + row * c + i;
    float* PHOSPHENE_RESTRICT y = dst + row * c + i;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = x[l];
    if (bias != nullptr) {
      for (int l = 0; l < N; ++l) sum[l] += bias[i + l];
    }
    for (int l = 0; l < N; ++l) y[l] = kRelu && !(sum[l] > 0.F) ? 0.F : sum[l];
  }
};

}  // namespace phosphene
