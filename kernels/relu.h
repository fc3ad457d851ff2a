// ReLU: dst = max(src, 0). Its gradient, grad_src = [dst > 0] grad_dst, is kernels/accumulate.h with a mask.
// One row of any length; overwrites; two accesses and 1 FLOP per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct Rectify {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  int64_t row_elements;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float x[N];
    load<N>(src + row * row_elements + i, x);
    for (int l = 0; l < N; ++l) x[l] = x[l] > 0.F ? x[l] : 0.F;
    store<N>(dst + row * row_elements + i, x);
  }
};

}  // namespace phosphene
