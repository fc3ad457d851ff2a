// The objective of a step is kept on the device: history[step, n] = value[n]. A value that is not finite sets stopped_at[n] to the
// number of the step (from 1) once; the optimiser leaves a stopped image alone. A step beyond the history is not kept.
// One row per image.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

struct KeepObjective {
  static constexpr int cpu_lanes = 1;
  const float* value;
  const int64_t* step;
  float* history;
  int64_t* stopped_at;
  int64_t images, steps;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int /*i*/, Lanes<N>) const {
    const float v = value[image];
    const bool finite = v - v == 0.F;
    if (*step < steps) history[*step * images + image] = v;
    if (!finite && stopped_at[image] == 0) stopped_at[image] = *step + 1;
  }
};

// What a group shares is frozen with the first of its images: stopped_at_of_group[g] = the first stopped_at that is set of its images, or 0.
struct GroupStoppedAt {
  static constexpr int cpu_lanes = 1;
  const int64_t* stopped_at;
  int64_t* of_group;
  int64_t images;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t group, int /*i*/, Lanes<N>) const {
    int64_t first = 0;
    for (int64_t k = 0; k < images && first == 0; ++k) first = stopped_at[group * images + k];
    of_group[group] = first;
  }
};

// step += 1.
struct AdvanceStep {
  static constexpr int cpu_lanes = 1;
  int64_t* step;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t /*row*/, int /*i*/, Lanes<N>) const {
    *step += 1;
  }
};

}  // namespace phosphene
