// Normally distributed numbers drawn on the host; kernels/normal.h has the formula.
#pragma once

#include <span>

#include "kernels/parameters.h"

namespace phosphene {

// numbers[i] ~ N(0, sd^2), a function of (key, purpose, part, i); parts tell apart what one purpose draws several times.
void draw_normal(const DrawKey& key, DrawPurpose purpose, double sd, std::span<float> numbers, uint32_t part = 0);

}  // namespace phosphene
