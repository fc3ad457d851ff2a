// Objectives on one unit per image: value[n] = weight * mean over the region of src[n, :, :, unit]; the region is the whole map
// (channel objective) or one position (neuron objective; a class logit has one position only). Olah et al., Distill 2017.
// Gradient: weight / |region| at the unit in the region, 0 elsewhere, times that of the value where another objective is made from it.
// Objectives are data: a row of the table per image.
// src is channels_last; the value's tile is an image; backward rows are positions; overwrites.
#pragma once

#include "kernels/host_device.h"
#include "kernels/parameters.h"

namespace phosphene {

template <class Storage>
struct UnitValue {
  const Storage* src;
  const UnitRow* rows;
  float* value;
  int64_t c;
  int h, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const UnitRow row = rows[image];
    const int64_t positions = static_cast<int64_t>(h) * w;
    const Storage* map = src + image * positions * c + row.unit;
    const int64_t channels = c;
    float mean = 0.F;
    if (row.weight != 0.F && row.row == kWholeMap) {
      mean = team.sum(positions, [map, channels](int64_t p) { return widen(map[p * channels]); }) /
             static_cast<float>(positions);
    } else if (row.weight != 0.F) {
      mean = widen(map[(static_cast<int64_t>(row.row) * w + row.column) * c]);
    }
    float* out = value + image;
    const float result = row.weight * mean;
    team.once([out, result] { *out = result; });
  }
};

template <class Storage>
struct UnitValueBackward {
  static constexpr int cpu_lanes = 32;
  const UnitRow* rows;
  const float* grad_value;  // null: 1
  Storage* grad_src;
  int64_t c;
  int h, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t index, int i, Lanes<N>) const {
    const int64_t positions = static_cast<int64_t>(h) * w;
    const int64_t image = index / positions, position = index % positions;
    const UnitRow row = rows[image];
    float gradient = row.row == kWholeMap ? row.weight / static_cast<float>(positions) : row.weight;
    if (grad_value != nullptr) gradient *= grad_value[image];
    if (row.row != kWholeMap && position != static_cast<int64_t>(row.row) * w + row.column) gradient = 0.F;
    float out[N];
    for (int l = 0; l < N; ++l) out[l] = i + l == row.unit ? gradient : 0.F;
    store<N>(grad_src + index * c + i, out);
  }
};

}  // namespace phosphene
