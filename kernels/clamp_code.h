// A generator's code after an update, brought back to codes that the generator knows: each number into the bounds of its
// channel, as in DGN-AM (A. Nguyen et al., NeurIPS 2016, section 3.2), then the vector of a position onto a sphere if it is longer:
//   y_c = min(most_c, max(least_c, x_c)),   x_c = y_c min(1, norm / |y|)
// Tiles are positions of a channels_last code; updates it in place; images whose stopped_at is set keep every byte. 8 bytes and 5
// FLOPs per number.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

struct ClampCodeRow {
  const float* least;  // c numbers
  const float* most;
  const int64_t* stopped_at;
  float* code;
  int64_t positions_per_image, c;
  float norm;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t position) const {
    if (stopped_at[position / positions_per_image] != 0) return;
    float* x = code + position * c;
    const float *low = least, *high = most;
    const auto clipped = [x, low, high](int64_t i) { return smaller(high[i], larger(low[i], x[i])); };
    const float length = square_root(team.sum(c, [clipped](int64_t i) { return clipped(i) * clipped(i); }));
    const float factor = length > norm ? norm / length : 1.F;
    team.for_each(c, [x, clipped, factor](int64_t i) { x[i] = factor * clipped(i); });
  }
};

}  // namespace phosphene
