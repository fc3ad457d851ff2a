// Normalisation over groups of channels and all positions of an image (Y. Wu and K. He, "Group Normalization", ECCV 2018, eq. 1 to 7). With
// as many groups as channels it is instance normalisation, with one group layer normalisation over the whole image. With means over the
// elements of an image's group, mu = mean src, r = 1 / sqrt(mean (src - mu)^2 + epsilon), x = (src - mu) r:
//   dst = x factor + shift
//   grad_src = r (h - mean h - x mean (h x)),   h = grad_dst factor
// Factor and shift are one number per channel, float32, or none. Sums and statistics are float32.
//
// mu and the sum of squares S about it are put together from equal parts (T. Chan, G. Golub and R. LeVeque, "Algorithms for computing the
// sample variance", The American Statistician 37, 1983): of k parts of m elements each, with means mu_i and sums S_i about those,
//   mu = mean mu_i,   S = sum (S_i + m (mu_i - mu)^2)
// where no term is the difference of large numbers, as E[src^2] - mu^2 is. The parts are a channel's columns of one row of the map (its mean
// first, then the distances from it), then that channel's rows, then a group's channels; each order is fixed and within one image.
//
// Values are channels_last. `statistics` hold N x 2C numbers: an image's mu at each channel, then its r. Overwrites. Per element: forward 3
// accesses and about 9 FLOPs, backward 5 and about 13.
#pragma once

#include "kernels/host_device.h"
#include "kernels/layer_norm.h"
#include "kernels/numbers.h"

namespace phosphene {

// A channel's mean over a row of the map and its sum of squares about that. Rows are (n, h), elements channels.
template <class Storage>
struct MomentsOfRow {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  float* moments;  // of a row: c means, then c sums
  int64_t w, c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const Storage* first = src + row * w * c + i;
    float mean[N], squares[N], x[N];
    for (int l = 0; l < N; ++l) mean[l] = squares[l] = 0.F;
    for (int64_t column = 0; column < w; ++column) {
      load<N>(first + column * c, x);
      for (int l = 0; l < N; ++l) mean[l] += x[l];
    }
    for (int l = 0; l < N; ++l) mean[l] /= static_cast<float>(w);
    for (int64_t column = 0; column < w; ++column) {
      load<N>(first + column * c, x);
      for (int l = 0; l < N; ++l) squares[l] = fused(x[l] - mean[l], x[l] - mean[l], squares[l]);
    }
    store<N>(moments + row * 2 * c + i, mean);
    store<N>(moments + (row * 2 + 1) * c + i, squares);
  }
};

// The same of a channel's rows. Rows are images, elements channels.
struct MomentsOfChannel {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const float* of_rows;
  float* moments;  // of an image: c means, then c sums
  int64_t h, w, c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int i, Lanes<N>) const {
    const float* first = of_rows + image * h * 2 * c + i;
    const float columns = static_cast<float>(w);
    float mean[N], squares[N], x[N], s[N];
    for (int l = 0; l < N; ++l) mean[l] = squares[l] = 0.F;
    for (int64_t row = 0; row < h; ++row) {
      load<N>(first + row * 2 * c, x);
      for (int l = 0; l < N; ++l) mean[l] += x[l];
    }
    for (int l = 0; l < N; ++l) mean[l] /= static_cast<float>(h);
    for (int64_t row = 0; row < h; ++row) {
      load<N>(first + row * 2 * c, x);
      load<N>(first + (row * 2 + 1) * c, s);
      for (int l = 0; l < N; ++l) squares[l] += fused((x[l] - mean[l]) * columns, x[l] - mean[l], s[l]);
    }
    store<N>(moments + image * 2 * c + i, mean);
    store<N>(moments + (image * 2 + 1) * c + i, squares);
  }
};

// Those of a group's channels, as statistics. A tile is (n, group).
struct StatisticsOfGroup {
  const float* of_channels;
  float* statistics;
  int64_t groups, c, positions;
  float epsilon;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t channels = c / groups, first = tile / groups * 2 * c + tile % groups * channels;
    const float count = static_cast<float>(channels), per_channel = static_cast<float>(positions);
    const float *means = of_channels + first, *sums = means + c;
    const float mean = team.sum(channels, [means](int64_t i) { return means[i]; }) / count;
    const float squares = team.sum(channels, [means, sums, mean, per_channel](int64_t i) {
      return fused((means[i] - mean) * per_channel, means[i] - mean, sums[i]);
    });
    const float r = one_over_deviation(squares / count / per_channel, epsilon);
    float *mean_out = statistics + first, *r_out = mean_out + c;
    team.for_each(channels, [mean_out, r_out, mean, r](int64_t i) {
      mean_out[i] = mean;
      r_out[i] = r;
    });
  }
};

// The number of a channel, or `without` if the layer has no numbers for them.
template <int N>
PHOSPHENE_HD void load_or(const float* from, int i, float without, float (&x)[N]) {
  if (from != nullptr) return load<N>(from + i, x);
  for (int l = 0; l < N; ++l) x[l] = without;
}

// Normalised sources of neighbouring channels: x, and r.
template <int N, class Storage>
PHOSPHENE_HD void load_normalised(const Storage* src, const float* statistics, int64_t c, float (&x)[N],
                                  float (&r)[N]) {
  float mean[N];
  load<N>(src, x);
  load<N>(statistics, mean);
  load<N>(statistics + c, r);
  for (int l = 0; l < N; ++l) x[l] = rounded_product(x[l] - mean[l], r[l]);
}

// Rows are positions, elements channels.
template <class Storage>
struct NormaliseGroup {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const float* statistics;
  const float* factor;
  const float* shift;
  Storage* dst;
  int64_t positions, c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float x[N], r[N], f[N], s[N];
    load_normalised(src + row * c + i, statistics + row / positions * 2 * c + i, c, x, r);
    load_or(factor, i, 1.F, f);
    load_or(shift, i, -0.F, s);
    for (int l = 0; l < N; ++l) x[l] = fused(x[l], f[l], s[l]);
    store<N>(dst + row * c + i, x);
  }
};

// Over a row of the map, a channel's sums of grad_dst and of grad_dst x. Rows are (n, h), elements channels.
template <class Storage>
struct GradientSumsOfRow {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  const Storage* src;
  const float* statistics;
  float* sums;  // of a row: c sums, then c
  int64_t h, w, c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* of_image = statistics + row / h * 2 * c + i;
    float direct[N], along[N], g[N], x[N], r[N];
    for (int l = 0; l < N; ++l) direct[l] = along[l] = 0.F;
    for (int64_t position = row * w; position < (row + 1) * w; ++position) {
      load<N>(grad_dst + position * c + i, g);
      load_normalised(src + position * c + i, of_image, c, x, r);
      for (int l = 0; l < N; ++l) direct[l] += g[l];
      for (int l = 0; l < N; ++l) along[l] = fused(g[l], x[l], along[l]);
    }
    store<N>(sums + row * 2 * c + i, direct);
    store<N>(sums + (row * 2 + 1) * c + i, along);
  }
};

// mean h and mean (h x) of a group, at each of its channels, from the channels' sums. A tile is (n, group).
struct GradientMeansOfGroup {
  const float* sums;    // of an image: c sums of grad_dst, then c of grad_dst x
  const float* factor;  // or null
  float* means;         // of an image: c means, then c
  int64_t groups, c, positions;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t channels = c / groups, first_channel = tile % groups * channels;
    const int64_t first = tile / groups * 2 * c + first_channel;
    const float* f = factor == nullptr ? nullptr : factor + first_channel;
    const float *direct_sums = sums + first, *along_sums = direct_sums + c;
    const float count = static_cast<float>(channels) * static_cast<float>(positions);
    const auto mean_of = [&team, channels, f, count](const float* of) {
      return team.sum(channels, [of, f](int64_t i) { return f == nullptr ? of[i] : rounded_product(of[i], f[i]); }) /
             count;
    };
    const float direct = mean_of(direct_sums), along = mean_of(along_sums);
    float *direct_out = means + first, *along_out = direct_out + c;
    team.for_each(channels, [direct_out, along_out, direct, along](int64_t i) {
      direct_out[i] = direct;
      along_out[i] = along;
    });
  }
};

// Rows are positions, elements channels.
template <class Storage>
struct NormaliseGroupBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  const Storage* src;
  const float* statistics;
  const float* factor;
  const float* means;
  Storage* grad_src;
  int64_t positions, c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t of_image = row / positions * 2 * c + i;
    float g[N], x[N], r[N], f[N], direct[N], along[N];
    load<N>(grad_dst + row * c + i, g);
    load_normalised(src + row * c + i, statistics + of_image, c, x, r);
    load_or(factor, i, 1.F, f);
    load<N>(means + of_image, direct);
    load<N>(means + of_image + c, along);
    for (int l = 0; l < N; ++l) g[l] = r[l] * fused(-x[l], along[l], rounded_product(g[l], f[l]) - direct[l]);
    store<N>(grad_src + row * c + i, g);
  }
};

}  // namespace phosphene
