// Leaky ReLU (A. Maas et al., "Rectifier nonlinearities improve neural network acoustic models", ICML 2013):
//   dst = src > 0 ? src : slope src,   grad_src = dst > 0 ? grad_dst : slope grad_dst
// with slope >= 0, so that dst has the sign of src; at 0 the slope counts. With slope 0 it is ReLU.
// One row of any length; overwrites; two accesses (three backward) and 1 FLOP per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct LeakyRectify {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  int64_t row_elements;
  float slope;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float x[N];
    load<N>(src + row * row_elements + i, x);
    for (int l = 0; l < N; ++l) x[l] = x[l] > 0.F ? x[l] : slope * x[l];
    store<N>(dst + row * row_elements + i, x);
  }
};

template <class Storage>
struct LeakyRectifyBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  const Storage* dst;
  Storage* grad_src;
  int64_t row_elements;
  float slope;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float g[N], y[N];
    load<N>(grad_dst + row * row_elements + i, g);
    load<N>(dst + row * row_elements + i, y);
    for (int l = 0; l < N; ++l) g[l] = y[l] > 0.F ? g[l] : slope * g[l];
    store<N>(grad_src + row * row_elements + i, g);
  }
};

}  // namespace phosphene
