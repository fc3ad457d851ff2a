// Concatenation along channels, one source at a time: dst[row, offset + i] = src[row, i].
// Its gradient is a slice: kernels/accumulate.h. Rows are positions (n, h, w) of a channels_last value; overwrites its
// channels of dst; two accesses per element. On a GPU all sources are one launch, where none of their borders lies inside what a
// thread takes.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct CopyChannels {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = kGpuLanes<Storage>;
  const Storage* src;
  Storage* dst;
  int64_t src_c, dst_c, offset;
  PHOSPHENE_HD bool wide() const { return src_c % gpu_lanes == 0 && dst_c % gpu_lanes == 0 && offset % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float x[N];
    load<N>(src + row * src_c + i, x);
    store<N>(dst + row * dst_c + offset + i, x);
  }
};

template <class Storage>
struct JoinChannels {
  static constexpr int cpu_lanes = 1;
  static constexpr int gpu_lanes = kGpuLanes<Storage>;
  static constexpr int kMaxSources = 8;
  const Storage* src[kMaxSources];
  int end[kMaxSources];  // of each source's channels in dst; all are multiples of gpu_lanes
  Storage* dst;
  int64_t dst_c;
  PHOSPHENE_HD static bool wide() { return true; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    int source = 0, begin = 0;
    while (i >= end[source]) begin = end[source++];
    float x[N];
    load<N>(src[source] + row * (end[source] - begin) + (i - begin), x);
    store<N>(dst + row * dst_c + i, x);
  }
};

}  // namespace phosphene
