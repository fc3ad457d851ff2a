// Softmax over channels: dst_k = exp(src_k - max) / sum of exp(src_j - max);  grad_src = dst (grad_dst - sum grad_dst dst).
// A tile is one position (n, h, w) of a channels_last value; overwrites; 12 bytes and about 25 FLOPs per element.
#pragma once

#include "kernels/host_device.h"
#include "kernels/math.h"

namespace phosphene {

struct Softmaximum {
  const float* src;
  float* dst;
  int64_t c;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const float* x = src + tile * c;
    float* y = dst + tile * c;
    const float top = team.maximum(c, [x](int64_t i) { return x[i]; });
    const float total = team.sum(c, [x, top](int64_t i) { return exponential(x[i] - top); });
    team.for_each(c, [x, y, top, total](int64_t i) { y[i] = exponential(x[i] - top) / total; });
  }
};

struct SoftmaximumBackward {
  const float* grad_dst;
  const float* dst;
  float* grad_src;
  int64_t c;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const float* g = grad_dst + tile * c;
    const float* y = dst + tile * c;
    float* out = grad_src + tile * c;
    const float dot = team.sum(c, [g, y](int64_t i) { return g[i] * y[i]; });
    team.for_each(c, [g, y, out, dot](int64_t i) { out[i] = y[i] * (g[i] - dot); });
  }
};

}  // namespace phosphene
