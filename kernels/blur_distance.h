// The distance of an image from its own blur as a penalty, differentiated through the blur:
//   P = f sum over channels and pixels of m [(x - blur(x))^2 + k (x - constant)^2]
// blur through (Lucid's blur penalty without its stopped gradient): reach 1, f = 1/2, k = 0, m = 1
// boundary complexity (Lucid's, whose sign is negative already): reach 2, f = 1, k = .8, m = 1 within `border` pixels of an edge, else 0
// blur is the square filter of `reach` with .5 at its rim and 1 inside, over the taps inside the image, divided by the sum of theirs.
// With d = m (x - blur(x)), which the forward pass keeps, and taps[i] the sum that pixel i's blur is divided by:
//   gradient[j] = 2 f weight (d[j] - sum over i within reach of filter[i - j] d[i] / taps[i] + k m[j] (x[j] - constant))
// Rows are (n, c, h) of a planar image, tiles too; all overwrite. Terms 8 bytes, gradient 12 per element (rows are read 2 reach + 1
// times, all but once from a cache); of t = 9 or 25 taps, terms 2 t + 8 FLOPs and gradient 4 t + 6 per element where m reaches.
#pragma once

#include "kernels/penalty.h"

namespace phosphene {

// The filter at a pixel: its taps inside the image, and their weights.
template <int kReach>
struct BlurWindow {
  int x, y, w, h;

  PHOSPHENE_HD static float weight(int dx, int dy) {
    const bool rim = dx == -kReach || dx == kReach || dy == -kReach || dy == kReach;
    return rim ? 0.5F : 1.F;
  }
  PHOSPHENE_HD bool inside(int dx, int dy) const { return x + dx >= 0 && x + dx < w && y + dy >= 0 && y + dy < h; }
  PHOSPHENE_HD BlurWindow at(int dx, int dy) const { return {x + dx, y + dy, w, h}; }

  // The sum of weight times value(dx, dy) over the taps inside.
  template <class Value>
  PHOSPHENE_HD float sum(const Value& value) const {
    float total = 0.F;
    for (int dy = -kReach; dy <= kReach; ++dy)
      for (int dx = -kReach; dx <= kReach; ++dx)
        if (inside(dx, dy)) total = fused(weight(dx, dy), value(dx, dy), total);
    return total;
  }
  // The sum of the weights of the taps inside: of all of them and of those off the rim, half each.
  PHOSPHENE_HD float taps() const {
    const int all = within(x, w, kReach) * within(y, h, kReach);
    const int inner = within(x, w, kReach - 1) * within(y, h, kReach - 1);
    return 0.5F * static_cast<float>(all + inner);
  }
  // How many of a line's `size` pixels lie at most `reach` from pixel `at`.
  PHOSPHENE_HD static int within(int at, int size, int reach) {
    const int before = at < reach ? at : reach, left = size - 1 - at, behind = left < reach ? left : reach;
    return before + 1 + behind;
  }
  // Is the pixel one of the `border` nearest to an edge?
  PHOSPHENE_HD bool in_border(int border) const {
    return x < border || y < border || x >= w - border || y >= h - border;
  }
};

// d, and P's partial sum of a row.
template <int kReach>
struct BlurDistanceTerms {
  const float* src;
  const PenaltyRow* rows;
  float* differences;
  float* terms;
  int64_t rows_per_image;
  int h, w, border;
  float factor, grey;  // f and k

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* x = src + row * w;
    float* d = differences + row * w;
    const float constant = rows[row / rows_per_image].constant, k = grey;
    const int y = static_cast<int>(row % h), height = h, width = w, rim = border;
    const float sum = team.sum(w, [=](int64_t column) {
      const int i = static_cast<int>(column);
      const BlurWindow<kReach> window{i, y, width, height};
      d[i] = 0.F;
      if (!window.in_border(rim)) return 0.F;
      const float blurred = window.sum([x, i, width](int dx, int dy) { return x[i + dx + dy * width]; });
      const float difference = x[i] - blurred / window.taps(), distance = x[i] - constant;
      d[i] = difference;
      return fused(difference, difference, k * distance * distance);
    });
    float* out = terms + row;
    const float scaled = factor * sum;
    team.once([out, scaled] { *out = scaled; });
  }
};

template <int kReach>
struct BlurDistanceBackward {
  static constexpr int cpu_lanes = 1;
  const float* src;
  const PenaltyRow* rows;
  const float* differences;
  float* grad_src;
  int64_t rows_per_image;
  int h, w, border;
  float factor, grey;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const PenaltyRow of = rows[row / rows_per_image];
    const float* PHOSPHENE_RESTRICT x = src + row * w;
    const float* PHOSPHENE_RESTRICT d = differences + row * w;
    float* PHOSPHENE_RESTRICT out = grad_src + row * w;
    for (int column = i; column < i + N; ++column) {
      const BlurWindow<kReach> window{column, static_cast<int>(row % h), w, h};
      out[column] = 0.F;
      if (of.weight == 0.F || !window.in_border(border + kReach)) continue;
      const float passed =
          window.sum([&](int dx, int dy) { return d[column + dx + dy * w] / window.at(dx, dy).taps(); });
      const float distance = window.in_border(border) ? x[column] - of.constant : 0.F;
      out[column] = 2.F * factor * of.weight * fused(grey, distance, d[column] - passed);
    }
  }
};

}  // namespace phosphene
