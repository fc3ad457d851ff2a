// Diversity of the images of a group (Olah et al., Distill 2017, "Diversity"; Gatys et al. 2015 for the Gram matrix).
//
// With F_i the positions x channels of image i, G_i = F_i^T F_i, n_i = sqrt(max(<G_i, G_i>, 1e-10)), over the group's images:
//   value[i] = weight * sum over j != i of <G_i, G_j> / (n_i n_j)
// (weight 1 / B is Lucid's form, 1 the article's). The gradient of all values of the group, with c_i = value[i] / weight:
//   grad F_i = F_i M_i,  M_i = sum over j of a_ij G_j,  a_ij = 4 weight / (n_i n_j) for j != i,
//   a_ii = -4 weight c_i / n_i^2, or 0 where n_i is clamped
// and, since <G_i, G_j> = |F_i F_j^T|^2, the same without a Gram matrix from the cross products K_ij = F_i F_j^T:
//   grad F_i = sum over j of a_ij K_ij F_j
// The products with F are a library's. Groups are `group` neighbouring images. Of dots[i, j] and K_ij only j >= i is written and read:
// the rest is the same. Everything is float32; overwrites. Bound by memory: a Gram matrix is read once per partner.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

// The dots of a group and what follows from them. `dots` is images x group.
struct DiversityDots {
  const float* dots;
  int group;

  PHOSPHENE_HD float dot(int64_t image, int j) const {
    const int i = static_cast<int>(image % group);
    const int64_t first = image - i;
    return i <= j ? dots[(first + i) * group + j] : dots[(first + j) * group + i];
  }
  // 1 / n of image j of the group that `image` is in.
  PHOSPHENE_HD float reciprocal(int64_t image, int j) const {
    const int64_t partner = image - image % group + j;
    return 1.F / square_root(larger(dot(partner, j), kLeast));
  }
  PHOSPHENE_HD bool clamped(int64_t image) const { return !(dot(image, static_cast<int>(image % group)) > kLeast); }
  PHOSPHENE_HD float similarity(int64_t image) const {
    const int i = static_cast<int>(image % group);
    float sum = 0.F;
    for (int j = 0; j < group; ++j) sum += j == i ? 0.F : dot(image, j) * reciprocal(image, j);
    return sum * reciprocal(image, i);
  }
  static constexpr float kLeast = 1e-10F;
};

// dots[i, j] = <G_i, G_j>; a tile is a pair, image * group + j.
struct GramDots {
  const float* grams;  // images x elements
  float* dots;
  int64_t elements;
  int group;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t image = tile / group;
    const int i = static_cast<int>(image % group), j = static_cast<int>(tile % group);
    if (j < i) return;
    const float* a = grams + image * elements;
    const float* b = grams + (image - i + j) * elements;
    const float sum = team.sum(elements, [a, b](int64_t e) { return a[e] * b[e]; });
    float* out = dots + tile;
    team.once([out, sum] { *out = sum; });
  }
};

// dots[i, j] = |K_ij|^2; a row of `crosses` is (image, position), its columns (j, position of j).
struct CrossDots {
  const float* crosses;
  float* dots;
  int64_t positions;
  int group;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t image = tile / group;
    const int j = static_cast<int>(tile % group);
    if (j < static_cast<int>(image % group)) return;
    const int64_t pitch = group * positions, rows = positions;
    const float* block = crosses + image * positions * pitch + j * positions;
    const float sum = team.sum(rows * rows, [block, pitch, rows](int64_t e) {
      const float k = block[e / rows * pitch + e % rows];
      return k * k;
    });
    float* out = dots + tile;
    team.once([out, sum] { *out = sum; });
  }
};

// value[i], and a_ij as images x group.
struct DiversityValue {
  static constexpr int cpu_lanes = 1;
  DiversityDots dots;
  const DiversityRow* rows;
  float* value;
  float* coefficients;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int /*i*/, Lanes<N>) const {
    const int own = static_cast<int>(image % dots.group);
    const float similarity = dots.similarity(image);
    const float scale = 4.F * rows[image].weight * dots.reciprocal(image, own);
    value[image] = rows[image].weight * similarity;
    for (int j = 0; j < dots.group; ++j) {
      const float own_factor = dots.clamped(image) ? 0.F : -similarity;
      coefficients[image * dots.group + j] = scale * dots.reciprocal(image, j) * (j == own ? own_factor : 1.F);
    }
  }
};

// M, rows (image, channel).
template <class Storage>
struct GramFactors {
  static constexpr int cpu_lanes = 16;
  const float* coefficients;
  const float* grams;
  Storage* factors;
  int64_t c;
  int group;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / c, channel = row % c;
    const int own = static_cast<int>(image % group);
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int j = 0; j < group; ++j) {
      const float factor = coefficients[image * group + j];
      const float* PHOSPHENE_RESTRICT gram = grams + ((image - own + j) * c + channel) * c + i;
      for (int l = 0; l < N; ++l) sum[l] = fused(factor, gram[l], sum[l]);
    }
    Storage* PHOSPHENE_RESTRICT out = factors + row * c + i;
    for (int l = 0; l < N; ++l) narrow(sum[l], out[l]);
  }
};

// a_ij K_ij, rows (image, j, position), elements the positions of j.
template <class Storage>
struct CrossFactors {
  static constexpr int cpu_lanes = 1;
  const float* coefficients;
  const float* crosses;
  Storage* factors;
  int64_t positions;
  int group;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int column, Lanes<N>) const {
    const int64_t position = row % positions, block = row / positions;
    const int64_t image = block / group, pitch = group * positions;
    const int own = static_cast<int>(image % group), j = static_cast<int>(block % group);
    const float factor = coefficients[block];
    const int64_t partner = image - own + j;
    for (int l = 0; l < N; ++l) {
      const float k = own <= j ? crosses[(image * positions + position) * pitch + j * positions + column + l]
                               : crosses[(partner * positions + column + l) * pitch + own * positions + position];
      narrow(factor * k, factors[(image * positions + position) * pitch + j * positions + column + l]);
    }
  }
};

}  // namespace phosphene
