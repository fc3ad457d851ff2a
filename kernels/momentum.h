// Gradient ascent with momentum (B. Polyak, 1964, in PyTorch's form), and its sign (J. Bernstein et al., "signSGD", ICML 2018,
// algorithm 2 without its average; with momentum 0 it is sign descent):
//   m = momentum m + g,   x += rate m   or   x += rate sign(m), sign(0) = 0
// The rate of a step is computed once, in double (kernels/schedule.h). Rows of the parameter; updates x and m in place;
// images whose stopped_at is set keep every byte. 20 bytes and 4 FLOPs per element.
#pragma once

#include "kernels/parameters.h"
#include "kernels/schedule.h"

namespace phosphene {

struct MomentumFactors {
  static constexpr int cpu_lanes = 1;
  const int64_t* step;
  float* factors;
  double learning_rate;
  LearningRateSchedule schedule;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t /*row*/, int /*i*/, Lanes<N>) const {
    factors[0] = static_cast<float>(learning_rate * learning_rate_factor(schedule, *step));
  }
};

template <bool kSign>
struct MomentumUpdate {
  static constexpr int cpu_lanes = 8;
  const float* grad;
  const float* factors;
  const int64_t* stopped_at;
  float* parameter;
  float* m;
  int64_t rows_per_image, row_elements;
  float momentum;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    if (stopped_at[row / rows_per_image] != 0) return;
    const int64_t at = row * row_elements + i;
    const float rate = factors[0];
    const float* PHOSPHENE_RESTRICT g = grad + at;
    float* PHOSPHENE_RESTRICT x = parameter + at;
    float* PHOSPHENE_RESTRICT velocity = m + at;
    for (int l = 0; l < N; ++l) {
      velocity[l] = fused(momentum, velocity[l], g[l]);
      const float along = kSign ? static_cast<float>((velocity[l] > 0.F) - (velocity[l] < 0.F)) : velocity[l];
      x[l] = fused(rate, along, x[l]);
    }
  }
};

}  // namespace phosphene
