// Learning-rate schedules, evaluated on the device from the number of the step: rate(step) = base * shape(step) * warmup(step),
//   constant: 1     exponential: decay^floor(step / every)     cosine: to + (1 - to) (1 + cos(pi step / steps)) / 2
//   (I. Loshchilov and F. Hutter, "SGDR", ICLR 2017, equation 5, without restarts)     warmup: min(1, (step + 1) / warmup)
// in double. Without any, the factor is 1 and the rate is the base to the bit.
#pragma once

#include <math.h>

#include "kernels/angles.h"
#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

PHOSPHENE_HD double learning_rate_factor(const LearningRateSchedule& schedule, int64_t step) {
  double factor = 1;
  if (schedule.shape == ScheduleShape::exponential) {
    const int64_t times = step / schedule.every;
    factor = pow(schedule.decay, static_cast<double>(times));
  }
  if (schedule.shape == ScheduleShape::cosine) {
    const double turns = static_cast<double>(smaller(step, schedule.steps)) / static_cast<double>(schedule.steps);
    factor = schedule.to + (1 - schedule.to) * 0.5 * (1 + sine_cosine(3.14159265358979323846 * turns).cosine);
  }
  if (step < schedule.warmup) factor *= static_cast<double>(step + 1) / static_cast<double>(schedule.warmup);
  return factor;
}

}  // namespace phosphene
