// Channels in another order: dst[row, k] = src[row, order[k]]. The channel shuffle of G groups of ShuffleNet is the order
// k -> (k mod G) C / G + k / G (X. Zhang et al., "ShuffleNet", CVPR 2018, section 3.1). Its transpose is the inverse order.
// Rows are positions (n, h, w) of a channels_last value; overwrites; two accesses per element, the one of src within C neighbours, and
// no arithmetic. The order travels with the launch, so a launch is over at most kOrderLength channels of dst.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

inline constexpr int kOrderLength = 1024;  // 2 KiB; a GPU takes 4 KiB with a launch

template <class Storage>
struct PermuteChannels {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  const Storage* src;
  Storage* dst;
  int64_t c, offset;             // `offset`: the channel of dst that order[0] is for
  uint16_t order[kOrderLength];  // channels of src

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const Storage* PHOSPHENE_RESTRICT from = src + row * c;
    float x[N];
    for (int l = 0; l < N; ++l) x[l] = widen(from[order[i + l]]);
    store<N>(dst + row * c + offset + i, x);
  }
};

}  // namespace phosphene
