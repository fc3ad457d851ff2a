// Penalties on the image itself (planar values in [0, 1]): value[n] = weight[n] * P(image n), one number per image. The
// first pass writes a partial sum per row of each plane (kernels/total_variation.h, distance_penalty.h, blur_penalty.h, blur_distance.h);
// this one adds an image's and finishes:
//   total variation, L1, blur distances: the sum   L2: sqrt(1e-6 + sum)   blur: sum / 2   input difference: sqrt(sum / elements)
//   input mean square: sum / elements
// `unweighted` keeps P(image n) for the gradient, of a mean square 1/2 (kernels/distance_penalty.h). A tile is an image; overwrites; 4 bytes and 1 FLOP per partial sum. The
// definitions are Lucid's (optvis/objectives.py), with sums over one image where Lucid's run over the batch.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

struct PenaltyValue {
  const float* terms;
  const PenaltyRow* rows;
  float* value;
  float* unweighted;
  int64_t rows_per_image;
  PenaltyKind kind;
  int64_t elements;  // of an image

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const float weight = rows[image].weight;
    float total = 0.F;
    if (weight != 0.F) {
      const float* of_image = terms + image * rows_per_image;
      total = team.sum(rows_per_image, [of_image](int64_t i) { return of_image[i]; });
      if (kind == PenaltyKind::l2) total = square_root(1e-6F + total);
      if (kind == PenaltyKind::blur) total *= 0.5F;
      if (kind == PenaltyKind::input_difference) total = square_root(total / static_cast<float>(elements));
      if (kind == PenaltyKind::input_mean_square) total /= static_cast<float>(elements);
    }
    float* weighted_out = value + image;
    float* out = unweighted + image;
    const float keeps = kind == PenaltyKind::input_mean_square ? 0.5F : total;
    team.once([weighted_out, out, weight, total, keeps] {
      *weighted_out = weight * total;
      *out = keeps;
    });
  }
};

}  // namespace phosphene
