// Alignment of neighbouring images (Olah et al., Distill 2017; Mordvintsev et al., "Differentiable Image Parameterizations", Distill
// 2018): over the pairs of images i, i + d of a group, d = 1 ... 4,
//   value[i] = -weight * sum over d of mean over c, h, w of (src_i - src_(i+d))^2 / decay^d
// so that each pair counts once, with its first image. The gradient of all values of the group:
//   grad_src_i = -2 weight / (C H W) * sum over d of ((src_i - src_(i+d)) + (src_i - src_(i-d))) / decay^d
// Groups are `group` neighbouring images; every image of a group has the same weight. A tile is an image; backward rows are
// positions of any length; overwrites; up to 9 accesses and 24 FLOPs per element.
#pragma once

#include "kernels/host_device.h"
#include "kernels/parameters.h"

namespace phosphene {

inline constexpr int kAlignedNeighbours = 4;

template <class Storage>
struct AlignmentValue {
  const Storage* src;
  const AlignmentRow* rows;
  float* value;
  int64_t elements;  // of an image
  int group;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const int later = group - 1 - static_cast<int>(image % group);
    const Storage* x = src + image * elements;
    float total = 0.F, share = 1.F;
    for (int d = 1; d <= kAlignedNeighbours && d <= later; ++d) {
      share /= rows[image].decay;
      const Storage* y = x + d * elements;
      total += share * team.sum(elements, [x, y](int64_t i) {
        const float difference = widen(x[i]) - widen(y[i]);
        return difference * difference;
      });
    }
    const float result = -rows[image].weight * (total / static_cast<float>(elements));
    float* out = value + image;
    team.once([out, result] { *out = result; });
  }
};

template <class Storage>
struct AlignmentValueBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const AlignmentRow* rows;
  Storage* grad_src;
  int64_t row_elements, rows_per_image;
  int group;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / rows_per_image;
    const int own = static_cast<int>(image % group);
    const Storage* PHOSPHENE_RESTRICT at = src + row * row_elements + i;
    const AlignmentRow term = rows[image];
    float x[N], y[N], sum[N];
    load<N>(at, x);
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    float share = -2.F * term.weight / (static_cast<float>(row_elements) * static_cast<float>(rows_per_image));
    for (int d = 1; d <= kAlignedNeighbours; ++d) {
      share /= term.decay;
      for (int side = -d; side <= d; side += 2 * d) {
        if (own + side < 0 || own + side >= group) continue;
        load<N>(at + side * rows_per_image * row_elements, y);
        for (int l = 0; l < N; ++l) sum[l] += share * (x[l] - y[l]);
      }
    }
    store<N>(grad_src + row * row_elements + i, sum);
  }
};

}  // namespace phosphene
