// Adam (D. P. Kingma and J. Ba, ICLR 2015, algorithm 1), ascending, fused with the whitening of the gradient:
//   g = scale * grad,  m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  x += a m / (b sqrt(v) + epsilon)
// The factors a and b of step t = step + 1 are computed once per step, in double, from the rate that kernels/schedule.h gives:
//   torch: a = rate / (1 - b1^t), b = 1 / sqrt(1 - b2^t)        tf1: a = rate sqrt(1 - b2^t) / (1 - b1^t), b = 1
// The two part when gradients come near epsilon. Rows of the parameter; updates x, m and v in place; images whose stopped_at is set
// keep every byte. 28 bytes (32 whitened) and 12 FLOPs per element.
#pragma once

#include <math.h>

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"
#include "kernels/schedule.h"

namespace phosphene {

struct AdamFactors {
  static constexpr int cpu_lanes = 1;
  const int64_t* step;
  float* factors;
  double learning_rate, beta1, beta2;
  AdamEpsilon epsilon_form;
  LearningRateSchedule schedule{};

  template <int N>
  PHOSPHENE_HD void operator()(int64_t /*row*/, int /*i*/, Lanes<N>) const {
    const double t = static_cast<double>(*step + 1);
    const double first = 1 - pow(beta1, t), second = sqrt(1 - pow(beta2, t));
    const bool torch = epsilon_form == AdamEpsilon::torch;
    factors[0] =
        static_cast<float>(learning_rate * learning_rate_factor(schedule, *step) / first * (torch ? 1 : second));
    factors[1] = static_cast<float>(torch ? 1 / second : 1);
  }
};

// average = keep * average + take * x. 1 - beta is taken in double: for beta = .999 the rounded beta would put it off by 1e-5.
struct MovingAverage {
  float keep, take;

  static MovingAverage of(double beta) { return {static_cast<float>(beta), static_cast<float>(1 - beta)}; }
  PHOSPHENE_HD float operator()(float average, float x) const { return fused(keep, average, take * x); }
};

// kNesterov: NAdam's step, kernels/nadam.h, with three factors.
template <bool kWhitened, bool kNesterov>
struct AdamUpdate {
  static constexpr int cpu_lanes = 8;
  const float* grad;
  const float* factors;
  const int64_t* stopped_at;
  const float* scale;  // whitened only: scale_rows rows, repeating
  float* parameter;
  float* m;
  float* v;
  int64_t rows_per_image, row_elements, scale_rows;
  MovingAverage of_gradient, of_square;
  float epsilon;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    if (stopped_at[row / rows_per_image] != 0) return;
    const int64_t at = row * row_elements + i;
    const float a = factors[0], b = factors[1], of_now = kNesterov ? factors[2] : 0.F;
    const float* PHOSPHENE_RESTRICT g = grad + at;
    float* PHOSPHENE_RESTRICT x = parameter + at;
    float* PHOSPHENE_RESTRICT first = m + at;
    float* PHOSPHENE_RESTRICT second = v + at;
    const float* PHOSPHENE_RESTRICT s = kWhitened ? scale + row % scale_rows * row_elements + i : g;
    for (int l = 0; l < N; ++l) {
      const float gradient = kWhitened ? g[l] * s[l] : g[l];
      first[l] = of_gradient(first[l], gradient);
      second[l] = of_square(second[l], gradient * gradient);
      const float step = kNesterov ? fused(a, first[l], of_now * gradient) : a * first[l];
      x[l] += step / fused(b, square_root(second[l]), epsilon);
    }
  }
};

}  // namespace phosphene
