// Some of the channels of a planar image, or an image among others that are 0: with o the channel that the first one is read from,
//   dst[n, c] = src[n, c + o] where src has that channel, else 0
// Its transpose is the same with -o. Rows are those of dst, (n, c, h); overwrites. 8 bytes per number and no arithmetic.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

struct CopyChannelSlice {
  static constexpr int cpu_lanes = 16;
  const float* src;
  float* dst;
  int src_c, dst_c, offset, h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t plane = row / h, image = plane / dst_c;
    const int from = static_cast<int>(plane % dst_c) + offset;
    const bool there = from >= 0 && from < src_c;
    const float* PHOSPHENE_RESTRICT x = src + ((image * src_c + (there ? from : 0)) * h + row % h) * w + i;
    float* PHOSPHENE_RESTRICT y = dst + row * w + i;
    for (int l = 0; l < N; ++l) y[l] = there ? x[l] : 0.F;
  }
};

}  // namespace phosphene
