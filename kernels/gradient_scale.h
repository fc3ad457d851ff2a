// The gradient of one image, divided by its L2 norm (steepest ascent) or clipped to a norm (R. Pascanu, T. Mikolov and
// Y. Bengio, ICML 2013, algorithm 1). First the sum of squares, by rows and then by image; the sums of several
// parameters of an image are added by the graph. Then
//   normalise: dst = g / |g|, 0 where |g| is 0        clip: dst = g min(1, limit / |g|)
// Rows and tiles are rows of the parameter, or images; overwrites. 4 bytes and 2 FLOPs per element for the sum, 8 and 1
// for the rest.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

struct SquaresOfRow {
  const float* src;
  float* sums;
  int64_t row_elements;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* x = src + row * row_elements;
    const float sum = team.sum(row_elements, [x](int64_t i) { return x[i] * x[i]; });
    float* out = sums + row;
    team.once([out, sum] { *out = sum; });
  }
};

struct SquaresOfImage {
  const float* sums;
  float* squares;
  int64_t rows_per_image;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const float* of_image = sums + image * rows_per_image;
    const float sum = team.sum(rows_per_image, [of_image](int64_t i) { return of_image[i]; });
    float* out = squares + image;
    team.once([out, sum] { *out = sum; });
  }
};

struct ScaleGradient {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const float* squares;
  float* dst;
  int64_t rows_per_image, row_elements;
  float limit;  // 0: normalise

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float norm = square_root(squares[row / rows_per_image]);
    float factor = norm > limit ? limit / norm : 1.F;
    if (limit == 0.F) factor = norm > 0.F ? 1.F / norm : 0.F;
    const float* PHOSPHENE_RESTRICT x = src + row * row_elements + i;
    float* PHOSPHENE_RESTRICT y = dst + row * row_elements + i;
    for (int l = 0; l < N; ++l) y[l] = factor * x[l];
  }
};

}  // namespace phosphene
