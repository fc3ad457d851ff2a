// Concatenation along channels, one source at a time: dst[row, offset + i] = src[row, i].
// Its gradient is a slice: kernels/accumulate.h. Rows are positions (n, h, w) of a channels_last value; overwrites its
// channels of dst; 8 bytes per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

struct CopyChannels {
  static constexpr int cpu_lanes = 16;
  const float* src;
  float* dst;
  int64_t src_c, dst_c, offset;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT x = src + row * src_c + i;
    float* PHOSPHENE_RESTRICT y = dst + row * dst_c + offset + i;
    for (int l = 0; l < N; ++l) y[l] = x[l];
  }
};

}  // namespace phosphene
