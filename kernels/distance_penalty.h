// The distance of an image from one grey value k, a row of the table per image, as a penalty (Lucid's L1 and L2), or from a picture x0:
//   L1: sum over channels and pixels of |x - k|;  gradient weight sign(x - k), sign(0) = 0
//   L2: d = sqrt(1e-6 + sum of (x - k)^2);        gradient weight (x - k) / d,  d kept by the forward pass
//   input difference: d = sqrt(mean of (x - x0)^2);  gradient weight (x - x0) / (elements d), 0 where d is
//   input mean square: mean of (x - x0)^2;           the same gradient with d = 1/2
// Rows are (n, c, h) of a planar image, tiles too; both overwrite. Terms 4 bytes and 2 FLOPs per element, gradient 8
// bytes and 2.
#pragma once

#include "kernels/penalty.h"

namespace phosphene {

template <bool kSquared>
struct DistanceTerms {
  const float* src;
  const float* picture;  // x0; null: k
  const PenaltyRow* rows;
  float* terms;
  int64_t rows_per_image;
  int w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* x = src + row * w;
    const float constant = rows[row / rows_per_image].constant;
    const float* from = picture == nullptr ? nullptr : picture + row * w;
    const float sum = team.sum(w, [x, from, constant](int64_t i) {
      const float difference = x[i] - (from == nullptr ? constant : from[i]);
      return kSquared ? difference * difference : __builtin_fabsf(difference);
    });
    float* out = terms + row;
    team.once([out, sum] { *out = sum; });
  }
};

template <bool kSquared>
struct DistanceBackward {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const float* picture;
  const PenaltyRow* rows;
  const float* distances;
  float* grad_src;
  int64_t rows_per_image;
  int64_t count;  // what a distance is divided by: 1, or an image's elements
  int w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / rows_per_image;
    const float constant = rows[image].constant, weight = rows[image].weight;
    float factor = weight;
    if (kSquared && weight != 0.F)
      factor = distances[image] > 0.F ? weight / (distances[image] * static_cast<float>(count)) : 0.F;
    const float* PHOSPHENE_RESTRICT from = picture == nullptr ? nullptr : picture + row * w + i;
    const float* PHOSPHENE_RESTRICT x = src + row * w + i;
    float* PHOSPHENE_RESTRICT out = grad_src + row * w + i;
    for (int l = 0; l < N; ++l) {
      const float difference = x[l] - (from == nullptr ? constant : from[l]);
      const float slope = kSquared ? difference : static_cast<float>((difference > 0.F) - (difference < 0.F));
      out[l] = factor == 0.F ? 0.F : factor * slope;
    }
  }
};

}  // namespace phosphene
