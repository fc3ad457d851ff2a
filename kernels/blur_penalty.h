// What a blur would take away, as a penalty (Lucid's blur_input_each_step): sum / 2 over channels and pixels of (x -
// blur(x))^2, the blurred image held constant in the gradient: weight (x - blur(x)). blur is the 3 x 3 filter [.5 .5
// .5; .5 1 .5; .5 .5 .5] over the taps inside, divided by the sum of theirs: with r x s taps inside, (x + the sum of
// all taps) / (r s + 1). Rows are (n, c, h) of a planar image, tiles too; both overwrite. Terms 4 bytes and 13 FLOPs
// per element (each row is read three times, twice from a cache), gradient 8 bytes and 13.
#pragma once

#include "kernels/penalty.h"

namespace phosphene {

// x - blur(x) at column i of a row; above and below are the distances to the rows there, 0 where there is none.
struct BlurDifference {
  int w, above, below;

  PHOSPHENE_HD static BlurDifference of_row(int64_t row, int h, int w) {
    const int y = static_cast<int>(row % h);
    return {w, y > 0 ? -w : 0, y < h - 1 ? w : 0};
  }
  PHOSPHENE_HD float operator()(const float* PHOSPHENE_RESTRICT x, int i) const {
    const float left = i > 0 ? 1.F : 0.F, right = i < w - 1 ? 1.F : 0.F;
    const float up = above != 0 ? 1.F : 0.F, down = below != 0 ? 1.F : 0.F;
    const int l = i > 0 ? i - 1 : i, r = i < w - 1 ? i + 1 : i;
    const float own = fused(left, x[l], fused(right, x[r], x[i]));
    const float over = fused(left, x[l + above], fused(right, x[r + above], x[i + above]));
    const float under = fused(left, x[l + below], fused(right, x[r + below], x[i + below]));
    const float taps = fused(1.F + left + right, 1.F + up + down, 1.F);
    return x[i] - (x[i] + fused(down, under, fused(up, over, own))) / taps;
  }
};

struct BlurTerms {
  const float* src;
  float* terms;
  int h, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* x = src + row * w;
    const BlurDifference difference = BlurDifference::of_row(row, h, w);
    const float sum = team.sum(w, [x, difference](int64_t i) {
      const float d = difference(x, static_cast<int>(i));
      return d * d;
    });
    float* out = terms + row;
    team.once([out, sum] { *out = sum; });
  }
};

struct BlurBackward {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const PenaltyRow* rows;
  float* grad_src;
  int c, h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float weight = rows[row / h / c].weight;
    const float* PHOSPHENE_RESTRICT x = src + row * w;
    float* PHOSPHENE_RESTRICT out = grad_src + row * w + i;
    const BlurDifference difference = BlurDifference::of_row(row, h, w);
    for (int l = 0; l < N; ++l) out[l] = weight == 0.F ? 0.F : weight * difference(x, i + l);
  }
};

}  // namespace phosphene
