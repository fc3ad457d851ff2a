// Sum of up to eight values, read from channel `offset` on, under a ReLU's mask:
//   dst[row, i] = [mask[row, i] > 0] * sum over s of src[s][row, offset + i]
// One body serves the element-wise sum (and its gradient), the gradient of a concat (a slice) and the gradient of a ReLU (a
// mask), so that a junction of gradients is read once and written once. The sum runs in the order of the sources.
// Rows of `dst_c` elements, sources of `src_c`; overwrites; sources + 2 accesses and `sources` FLOPs per element.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <bool kMasked, class Storage>
struct SumSlices {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = kGpuLanes<Storage>;
  static constexpr int kMaxSources = 8;
  const Storage* src[kMaxSources];
  const Storage* mask;
  Storage* dst;
  int sources;
  int64_t src_c, dst_c, offset;
  PHOSPHENE_HD bool wide() const { return src_c % gpu_lanes == 0 && dst_c % gpu_lanes == 0 && offset % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float sum[N], next[N];
    load<N>(src[0] + row * src_c + offset + i, sum);
    for (int s = 1; s < sources; ++s) {
      load<N>(src[s] + row * src_c + offset + i, next);
      for (int l = 0; l < N; ++l) sum[l] += next[l];
    }
    if constexpr (kMasked) {
      load<N>(mask + row * dst_c + i, next);
      for (int l = 0; l < N; ++l) sum[l] = next[l] > 0.F ? sum[l] : 0.F;
    }
    store<N>(dst + row * dst_c + i, sum);
  }
};

}  // namespace phosphene
