// How the parameters follow their gradients, as a config writes it.
#pragma once

#include "experiment/keys/value.h"
#include "layers/optimiser/ascent.h"

namespace phosphene {

struct WrittenOptimiser {
  OptimiserAttributes attributes;
  bool rate_given = false;

  // Multiplies the learning rate, unless the config gives one.
  void scale_default_rate(double factor);
};

inline constexpr int64_t kMaxSteps = 1'000'000;

Value<WrittenOptimiser> optimiser_value();

}  // namespace phosphene
