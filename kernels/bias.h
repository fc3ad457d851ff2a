// What follows a convolution where its library leaves it over: dst = src + bias[channel], then min(max(., 0), ceiling) with kRelu.
// Rows are positions of a channels_last value, elements its channels; overwrites; two accesses and 3 FLOPs per element.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

template <bool kRelu, class Storage>
struct AddBias {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const Storage* bias;  // c numbers, or null for none
  Storage* dst;
  int64_t c;
  float ceiling = __builtin_inff();  // of kRelu
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float sum[N], added[N];
    load<N>(src + row * c + i, sum);
    if (bias != nullptr) {
      load<N>(bias + i, added);
      for (int l = 0; l < N; ++l) sum[l] += added[l];
    }
    if constexpr (kRelu) {
      for (int l = 0; l < N; ++l) sum[l] = smaller(sum[l] > 0.F ? sum[l] : 0.F, ceiling);
    }
    store<N>(dst + row * c + i, sum);
  }
};

}  // namespace phosphene
