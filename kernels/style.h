// The style of images against that of references (L. Gatys, A. Ecker and M. Bethge, CVPR 2016, eq. 3 to 5; the distances are those of
// Lucid's recipe). With F the positions x channels of a set of images (one image, or the images of a group as one), P its positions,
// G = F^T F / P and G* the same of the references, means over the C x C elements:
//   l1:  value = -weight mean |G - G*|            l2:  value = -weight sqrt(mean (G - G*)^2)
// each image of a set having an equal share. The gradient of a set is F M, with
//   l1:  M = -2 weight / (P C^2) sign(G - G*)     l2:  M = -2 weight / (P C^2 sqrt(mean (G - G*)^2)) (G - G*),  0 where G = G*
// The products with F are a library's; `grams` are F^T F. Tiles are rows (set, channel), then sets; everything is float32; overwrites.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

// One channel's sum of |G - G*|, or of its squares.
template <StyleForm kForm>
struct StyleSums {
  const float* grams;
  const float* reference_grams;
  float* sums;
  int64_t positions, c;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* a = grams + row * c;
    const float* r = reference_grams + row * c;
    const float per_position = 1.F / static_cast<float>(positions);
    const float sum = team.sum(c, [a, r, per_position](int64_t i) {
      const float difference = (a[i] - r[i]) * per_position;
      return kForm == StyleForm::l2 ? difference * difference : difference < 0.F ? -difference : difference;
    });
    float* out = sums + row;
    team.once([out, sum] { *out = sum; });
  }
};

// The values of a set's images, and what (G - G*) P or its sign is multiplied by in M.
template <StyleForm kForm>
struct StyleValue {
  const float* sums;
  const StyleRow* rows;
  float* value;
  float* factors;
  int64_t images_per_set, positions, c;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t set) const {
    const float* of_set = sums + set * c;
    const auto channels = static_cast<float>(c), count = static_cast<float>(positions);
    const float mean = team.sum(c, [of_set](int64_t i) { return of_set[i]; }) / channels / channels;
    const float distance = kForm == StyleForm::l2 ? square_root(mean) : mean;
    const float weight = rows[set * images_per_set].weight;
    const float share = -weight * distance / static_cast<float>(images_per_set);
    float factor = -2.F * weight / (count * channels * channels);
    if (kForm == StyleForm::l2) factor = distance > 0.F ? factor / (distance * count) : 0.F;
    float* values = value + set * images_per_set;
    float* out = factors + set;
    const int64_t images = images_per_set;
    team.once([values, out, images, share, factor] {
      for (int64_t i = 0; i < images; ++i) values[i] = share;
      *out = factor;
    });
  }
};

// M; rows are (set, channel).
template <StyleForm kForm, class Storage>
struct StyleFactors {
  static constexpr int cpu_lanes = 16;
  const float* grams;
  const float* reference_grams;
  const float* factors;
  Storage* dst;
  int64_t c;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float factor = factors[row / c];
    const float* PHOSPHENE_RESTRICT a = grams + row * c + i;
    const float* PHOSPHENE_RESTRICT r = reference_grams + row * c + i;
    Storage* PHOSPHENE_RESTRICT out = dst + row * c + i;
    for (int l = 0; l < N; ++l) {
      const float difference = a[l] - r[l];
      const float sign = difference > 0.F ? 1.F : difference < 0.F ? -1.F : 0.F;
      narrow(factor * (kForm == StyleForm::l2 ? difference : sign), out[l]);
    }
  }
};

}  // namespace phosphene
