// The redirected gradient of a ReLU (Lucid's "redirected_relu_grad"; Olah et al., Distill 2017, appendix "Optimization objectives"), so
// that a unit which is silent on the first image can wake: for the gradient g of what is maximised, and per image
//   plain = [floor <= src <= ceiling] g,   redirected = 0 where it would push a silent unit further away, else g:
//   where src < floor and g < 0, or src > ceiling and g > 0
//   grad_src = plain, but redirected where plain is 0 throughout the image
// A ReLU's floor is 0 and its ceiling infinite; those of a clip are its own. Unlike the ReLU's own gradient the plain one passes at 0. The sum of squares of plain is taken by rows
// (tiles), then by image with kernels/gradient_scale.h. Overwrites. 8 bytes and 3 FLOPs per element for the sum, 12 for the rest.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct PassedSquares {
  const Storage* grad_dst;
  const Storage* src;
  float* sums;
  int64_t row_elements;
  float floor, ceiling;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const Storage* g = grad_dst + row * row_elements;
    const Storage* x = src + row * row_elements;
    const float bottom = floor, top = ceiling;
    const float sum = team.sum(row_elements, [g, x, bottom, top](int64_t i) {
      const float at = widen(x[i]), gradient = widen(g[i]);
      return at >= bottom && at <= top ? gradient * gradient : 0.F;
    });
    float* out = sums + row;
    team.once([out, sum] { *out = sum; });
  }
};

template <class Storage>
struct RedirectGradient {
  static constexpr int cpu_lanes = 32;
  const Storage* grad_dst;
  const Storage* src;
  const float* squares;  // of plain, per image
  Storage* grad_src;
  int64_t rows_per_image, row_elements;
  float floor, ceiling;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const bool redirected = squares[row / rows_per_image] == 0.F;
    float g[N], x[N];
    load<N>(grad_dst + row * row_elements + i, g);
    load<N>(src + row * row_elements + i, x);
    for (int l = 0; l < N; ++l) {
      const bool below = x[l]<floor, above = x[l]> ceiling;
      const bool away = (below && g[l] < 0.F) || (above && g[l] > 0.F);
      g[l] = (redirected ? away : below || above) ? 0.F : g[l];
    }
    store<N>(grad_src + row * row_elements + i, g);
  }
};

}  // namespace phosphene
