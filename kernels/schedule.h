// Learning-rate schedules, evaluated on the device from the number of the step: rate(step) = base * shape(step) * warmup(step),
//   constant: 1     exponential: decay^floor(step / every)     cosine: to + (1 - to) (1 + cos(pi step / steps)) / 2
//   (I. Loshchilov and F. Hutter, "SGDR", ICLR 2017, equation 5, without restarts)     warmup: min(1, (step + 1) / warmup)
// in double. Without any, the factor is 1 and the rate is the base to the bit.
#pragma once

#include <math.h>

#include "kernels/host_device.h"
#include "kernels/math.h"

namespace phosphene {

enum class ScheduleShape : uint8_t { constant, exponential, cosine };

struct LearningRateSchedule {
  ScheduleShape shape = ScheduleShape::constant;
  double decay = 1;    // exponential: factor ...
  int64_t every = 1;   // ... each so many steps
  double to = 0;       // cosine: fraction of the base that is left ...
  int64_t steps = 1;   // ... at this step
  int64_t warmup = 0;  // steps over which the rate rises in equal parts

  PHOSPHENE_HD double factor(int64_t step) const {
    double factor = 1;
    if (shape == ScheduleShape::exponential) {
      const int64_t times = step / every;
      factor = pow(decay, static_cast<double>(times));
    }
    if (shape == ScheduleShape::cosine) {
      const double turns = static_cast<double>(smaller(step, steps)) / static_cast<double>(steps);
      factor = to + (1 - to) * 0.5 * (1 + sine_cosine(3.14159265358979323846 * turns).cosine);
    }
    if (step < warmup) factor *= static_cast<double>(step + 1) / static_cast<double>(warmup);
    return factor;
  }
};

}  // namespace phosphene
