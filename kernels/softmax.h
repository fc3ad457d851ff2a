// Softmax over channels: dst_k = exp(src_k - max) / sum of exp(src_j - max);  grad_src = dst (grad_dst - sum grad_dst dst).
// A tile is one position (n, h, w) of a channels_last value; overwrites; three accesses and about 25 FLOPs per element.
#pragma once

#include "kernels/exponential.h"
#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct Softmaximum {
  const Storage* src;
  Storage* dst;
  int64_t c;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const Storage* x = src + tile * c;
    Storage* y = dst + tile * c;
    const float top = team.maximum(c, [x](int64_t i) { return widen(x[i]); });
    const float total = team.sum(c, [x, top](int64_t i) { return exponential(widen(x[i]) - top); });
    team.for_each(c, [x, y, top, total](int64_t i) { narrow(exponential(widen(x[i]) - top) / total, y[i]); });
  }
};

template <class Storage>
struct SoftmaximumBackward {
  const Storage* grad_dst;
  const Storage* dst;
  Storage* grad_src;
  int64_t c;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const Storage* g = grad_dst + tile * c;
    const Storage* y = dst + tile * c;
    Storage* out = grad_src + tile * c;
    const float dot = team.sum(c, [g, y](int64_t i) { return widen(g[i]) * widen(y[i]); });
    team.for_each(c, [g, y, out, dot](int64_t i) { narrow(widen(y[i]) * (widen(g[i]) - dot), out[i]); });
  }
};

}  // namespace phosphene
