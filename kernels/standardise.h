// Standardisation of an image over all its channels and positions, as the phase and the image of a MaCo have it (T. Fel et al., "Unlocking
// Feature Visualization for Deep Networks with MAgnitude Constrained Optimization", NeurIPS 2023). With means over the n numbers of one
// image, mu = mean src, s = sqrt(mean (src - mu)^2), the population's deviation, and x = (src - mu) / (s + epsilon):
//   dst = x
//   grad_src = (g - mean g - x mean (g x) (s + epsilon) / s) / (s + epsilon),   g = grad_dst
// An image of one value has s = 0: dst and the last term are 0 there. mu and the sum of squares about it are put together from rows, as in
// kernels/group_norm.h: tiles are rows (n, c, h) of a planar value, then images. Each order is fixed and within one image. Sums are float32.
//
// `statistics` hold three numbers per image: mu, 1 / (s + epsilon) and (s + epsilon) / s. Overwrites. Per element: forward 4 reads and a
// write and about 7 FLOPs, backward 4 reads and a write and about 8.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

inline constexpr int64_t kStandardiseStatistics = 3;

// A row's mean, and its sum of squares about that.
struct MomentsOfLine {
  const float* src;
  float* moments;  // two per row
  int64_t w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float* x = src + row * w;
    const float mean = team.sum(w, [x](int64_t i) { return x[i]; }) / static_cast<float>(w);
    const float squares = team.sum(w, [x, mean](int64_t i) { return rounded_product(x[i] - mean, x[i] - mean); });
    float* out = moments + 2 * row;
    team.once([out, mean, squares] {
      out[0] = mean;
      out[1] = squares;
    });
  }
};

// Those of an image, as statistics.
struct StatisticsOfImage {
  const float* moments;
  float* statistics;
  int64_t rows_per_image, w;
  float epsilon;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const float* of = moments + 2 * image * rows_per_image;
    const float rows = static_cast<float>(rows_per_image), per_row = static_cast<float>(w);
    const float mean = team.sum(rows_per_image, [of](int64_t i) { return of[2 * i]; }) / rows;
    const float squares = team.sum(rows_per_image, [of, mean, per_row](int64_t i) {
      return fused((of[2 * i] - mean) * per_row, of[2 * i] - mean, of[2 * i + 1]);
    });
    const float deviation = square_root(squares / rows / per_row), divisor = deviation + epsilon;
    float* out = statistics + kStandardiseStatistics * image;
    team.once([out, mean, deviation, divisor] {
      out[0] = mean;
      out[1] = 1.F / divisor;
      out[2] = deviation > 0.F ? divisor / deviation : 0.F;
    });
  }
};

// Rows are (n, c, h).
struct StandardiseRow {
  static constexpr int cpu_lanes = 32;
  const float* src;
  const float* statistics;
  float* dst;
  int64_t rows_per_image, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* of = statistics + kStandardiseStatistics * (row / rows_per_image);
    float x[N];
    load<N>(src + row * w + i, x);
    for (int l = 0; l < N; ++l) x[l] = (x[l] - of[0]) * of[1];
    store<N>(dst + row * w + i, x);
  }
};

// A row's sums of g and of g x.
struct GradientSumsOfLine {
  const float* grad_dst;
  const float* dst;
  float* sums;  // two per row
  int64_t w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const float *g = grad_dst + row * w, *x = dst + row * w;
    const float direct = team.sum(w, [g](int64_t i) { return g[i]; });
    const float along = team.sum(w, [g, x](int64_t i) { return rounded_product(g[i], x[i]); });
    float* out = sums + 2 * row;
    team.once([out, direct, along] {
      out[0] = direct;
      out[1] = along;
    });
  }
};

// mean g and mean (g x) (s + epsilon) / s of an image.
struct GradientMeansOfImage {
  const float* sums;
  const float* statistics;
  float* means;  // two per image
  int64_t rows_per_image, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const float* of = sums + 2 * image * rows_per_image;
    const float count = static_cast<float>(rows_per_image) * static_cast<float>(w);
    const float direct = team.sum(rows_per_image, [of](int64_t i) { return of[2 * i]; }) / count;
    const float along = team.sum(rows_per_image, [of](int64_t i) { return of[2 * i + 1]; }) / count;
    const float ratio = statistics[kStandardiseStatistics * image + 2];
    float* out = means + 2 * image;
    team.once([out, direct, along, ratio] {
      out[0] = direct;
      out[1] = along * ratio;
    });
  }
};

// Rows are (n, c, h).
struct StandardiseBackwardRow {
  static constexpr int cpu_lanes = 32;
  const float* grad_dst;
  const float* dst;
  const float* statistics;
  const float* means;
  float* grad_src;
  int64_t rows_per_image, w;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / rows_per_image;
    const float r = statistics[kStandardiseStatistics * image + 1];
    const float direct = means[2 * image], along = means[2 * image + 1];
    float g[N], x[N];
    load<N>(grad_dst + row * w + i, g);
    load<N>(dst + row * w + i, x);
    for (int l = 0; l < N; ++l) g[l] = r * fused(-x[l], along, g[l] - direct);
    store<N>(grad_src + row * w + i, g);
  }
};

}  // namespace phosphene
