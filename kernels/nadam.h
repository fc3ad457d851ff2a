// NAdam (T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 8, with the momentum
// schedule of its section 3 as PyTorch has it), ascending, fused with the whitening of the gradient as Adam is
// (kernels/adam.h):
//   g, m, v as there,   x += (p m + q g) / (b sqrt(v) + epsilon),   b = 1 / sqrt(1 - b2^t),   t = step + 1
//   p = rate u(t+1) / (1 - U(t+1)),   q = rate (1 - u(t)) / (1 - U(t)),   u(t) = b1 (1 - .96^(t/250) / 2),   U(t) = u(1) ... u(t)
// U needs no memory of the steps before: with r = .96^(1/250),
//   log U(t) = t log b1 - sum over k >= 1 of (1/2)^k / k * r^k (1 - r^(k t)) / (1 - r^k),   50 terms of which double can see.
// The factors p, b and q are computed once per step, in double; the update is kernels/adam.h's.
#pragma once

#include <math.h>

#include "kernels/host_device.h"
#include "kernels/parameters.h"
#include "kernels/schedule.h"

namespace phosphene {

struct NadamFactors {
  static constexpr int cpu_lanes = 1;
  const int64_t* step;
  float* factors;
  double learning_rate, beta1, beta2;
  LearningRateSchedule schedule;

  // u(1) ... u(t), t as above.
  PHOSPHENE_HD double product(double t, double ratio, double ratio_to_t) const {
    double log_half = 0, half = 1, up_to_k = 1, up_to_kt = 1;
    for (int k = 1; k <= 50; ++k) {
      half *= 0.5;
      up_to_k *= ratio;
      up_to_kt *= ratio_to_t;
      log_half -= half / k * up_to_k * (1 - up_to_kt) / (1 - up_to_k);
    }
    return pow(beta1, t) * exp(log_half);
  }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t /*row*/, int /*i*/, Lanes<N>) const {
    const double t = static_cast<double>(*step + 1), rate = learning_rate * learning_rate_factor(schedule, *step);
    const double ratio = 0.9998367253526753;  // .96^(1/250)
    const double ratio_to_t = pow(ratio, t);
    const double now = beta1 * (1 - 0.5 * ratio_to_t), next = beta1 * (1 - 0.5 * ratio_to_t * ratio);
    const double until_now = product(t, ratio, ratio_to_t);
    factors[0] = static_cast<float>(rate * next / (1 - until_now * next));
    factors[1] = static_cast<float>(1 / sqrt(1 - pow(beta2, t)));
    factors[2] = static_cast<float>(rate * (1 - now) / (1 - until_now));
  }
};

}  // namespace phosphene
