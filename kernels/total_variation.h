// Total variation of an image (L. Rudin, S. Osher and E. Fatemi, Physica D 60, 1992, in its anisotropic form; the
// definition is Lucid's): the sum over channels and pixels of |x[h, w+1] - x[h, w]| + |x[h+1, w] - x[h, w]|. Gradient
// of a pixel: the sum over its up to four neighbours y of sign(x - y), times the image's weight; sign(0) = 0. Rows are
// (n, c, h) of a planar image, tiles too; both overwrite. Terms 4 bytes and 5 FLOPs per element (each row is read
// twice, the second time from a cache), gradient 8 bytes and 12.
#pragma once

#include "kernels/penalty.h"

namespace phosphene {

struct TotalVariationTerms {
  const float* src;
  float* terms;
  int h, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* x = src + row * w;
    const int last = w - 1, below = row % h < h - 1 ? w : 0;  // 0: a difference with itself
    const float sum = team.sum(w, [x, last, below](int64_t i) {
      return __builtin_fabsf(x[i < last ? i + 1 : i] - x[i]) + __builtin_fabsf(x[i + below] - x[i]);
    });
    float* out = terms + row;
    team.once([out, sum] { *out = sum; });
  }
};

struct TotalVariationBackward {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const PenaltyRow* rows;
  float* grad_src;
  int c, h, w;

  PHOSPHENE_HD static float sign(float x) { return static_cast<float>((x > 0.F) - (x < 0.F)); }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t at = row * w + i;
    const int y = static_cast<int>(row % h);
    const float weight = rows[row / h / c].weight;
    const float* PHOSPHENE_RESTRICT x = src + at;
    float* PHOSPHENE_RESTRICT out = grad_src + at;
    const int above = y > 0 ? -w : 0, below = y < h - 1 ? w : 0;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = sign(x[l] - x[l + above]) + sign(x[l] - x[l + below]);
    for (int l = 0; l < N; ++l) sum[l] += sign(x[l] - x[i + l > 0 ? l - 1 : l]);
    for (int l = 0; l < N; ++l) sum[l] += sign(x[l] - x[i + l < w - 1 ? l + 1 : l]);
    for (int l = 0; l < N; ++l) out[l] = weight == 0.F ? 0.F : weight * sum[l];
  }
};

}  // namespace phosphene
