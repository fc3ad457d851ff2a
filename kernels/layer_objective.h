// The whole of a layer (DeepDream, Mordvintsev et al. 2015): value[n] = weight * mean over c, h, w of src[n]^2;
// grad_src = 2 weight src / (C H W). A tile is an image; backward rows are positions of any length; overwrites; two accesses and
// 2 FLOPs per element.
#pragma once

#include "kernels/host_device.h"
#include "kernels/parameters.h"

namespace phosphene {

template <class Storage>
struct LayerValue {
  const Storage* src;
  const LayerRow* rows;
  float* value;
  int64_t elements;  // of an image

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const Storage* x = src + image * elements;
    const float sum = team.sum(elements, [x](int64_t i) { return widen(x[i]) * widen(x[i]); });
    const float result = rows[image].weight * (sum / static_cast<float>(elements));
    float* out = value + image;
    team.once([out, result] { *out = result; });
  }
};

template <class Storage>
struct LayerValueBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const LayerRow* rows;
  Storage* grad_src;
  int64_t row_elements, rows_per_image;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float factor = 2.F * rows[row / rows_per_image].weight /
                         (static_cast<float>(row_elements) * static_cast<float>(rows_per_image));
    float x[N];
    load<N>(src + row * row_elements + i, x);
    for (int l = 0; l < N; ++l) x[l] *= factor;
    store<N>(grad_src + row * row_elements + i, x);
  }
};

}  // namespace phosphene
