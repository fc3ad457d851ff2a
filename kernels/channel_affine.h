// A constant factor and a constant shift, each one number per channel, one for all, or none: batch normalisation after training (Ioffe and
// Szegedy, ICML 2015, algorithm 2), scales, sums and products with constants:
//   dst = factor src + shift, rounded once          grad_src = factor grad_dst: the same body without a shift
// Rows are positions of a channels_last value, elements its channels; overwrites; two accesses and 2 FLOPs per element.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

template <class Storage>
struct ScaleAndShift {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const float* factor;  // c numbers, or one, or null
  const float* shift;
  Storage* dst;
  int64_t c;
  bool one_factor, one_shift;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float x[N], f[N], s[N];
    load<N>(src + row * c + i, x);
    load_of_channels(factor, one_factor, 1.F, i, f);
    load_of_channels(shift, one_shift, -0.F, i, s);  // x + -0 is x for every x, 0 too
    for (int l = 0; l < N; ++l) x[l] = fused(f[l], x[l], s[l]);
    store<N>(dst + row * c + i, x);
  }

  template <int N>
  PHOSPHENE_HD static void load_of_channels(const float* from, bool one, float without, int i, float (&x)[N]) {
    if (from != nullptr && !one) return load<N>(from + i, x);
    const float same = from == nullptr ? without : *from;
    for (int l = 0; l < N; ++l) x[l] = same;
  }
};

}  // namespace phosphene
