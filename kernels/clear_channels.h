// Zeros in some channels of a value, from `offset` on: dst[row, offset + i] = 0. Together with kernels/concat.h, which writes
// the others, the gradient of a slice of channels. Rows are positions (n, h, w) of a channels_last value; overwrites; one access per
// element and no arithmetic.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct ClearChannels {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  Storage* dst;
  int64_t dst_c, offset;
  PHOSPHENE_HD bool wide() const { return dst_c % gpu_lanes == 0 && offset % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float zeros[N];
    for (int l = 0; l < N; ++l) zeros[l] = 0.F;
    store<N>(dst + row * dst_c + offset + i, zeros);
  }
};

}  // namespace phosphene
