// Local response normalisation across channels (Krizhevsky et al., NIPS 2012, section 3.3), channels_last.
//
// s_i = k + alpha * sum of src_j^2 over |j - i| <= radius, j inside;  dst_i = src_i s_i^-beta;  reciprocal_i = 1 / s_i
// grad_src_i = grad_dst_i s_i^-beta - 2 alpha beta src_i * sum over |j - i| <= radius of grad_dst_j dst_j / s_j
//
// `alpha` is the factor of the sum: Caffe's alpha is divided by the window's size before. Rows are positions; overwrites.
// Forward 3 accesses, backward 5 and about 6 (radius + 1) FLOPs per element.
#pragma once

#include <math.h>

#include "kernels/host_device.h"
#include "kernels/math.h"

namespace phosphene {

// r^beta. GoogLeNet's and AlexNet's beta is 3/4: two square roots instead of a pow, which is what lets the loop vectorise.
enum class LrnPower { three_quarters, half, any };

template <LrnPower kPower>
PHOSPHENE_HD float lrn_power(float r, float beta) {
  if constexpr (kPower == LrnPower::three_quarters) {
    const float root = square_root(r);
    return root * square_root(root);
  } else if constexpr (kPower == LrnPower::half) {
    return square_root(r);
  } else {
    return powf(r, beta);
  }
}

// Beside N channels on either side, as many as the widest window that is not read channel by channel has.
inline constexpr int kLrnBeside = 16;
template <int N>
using LrnNeighbours = float[kLrnBeside + N + kLrnBeside];

// x[kLrnBeside + d] = row[i + d] for -radius <= d < N + radius; 0 outside [0, c), which adds nothing to a sum.
template <int N, class Storage>
PHOSPHENE_HD void load_around(const Storage* PHOSPHENE_RESTRICT row, int64_t c, int i, int radius,
                              LrnNeighbours<N>& x) {
  float middle[N];
  load<N>(row + i, middle);
  for (int l = 0; l < N; ++l) x[kLrnBeside + l] = middle[l];
  for (int d = 1; d <= radius; ++d) {
    x[kLrnBeside - d] = i >= d ? widen(row[i - d]) : 0.F;
    x[kLrnBeside + N - 1 + d] = i + N - 1 + d < c ? widen(row[i + N - 1 + d]) : 0.F;
  }
}

// Whether a chunk's window is to be read by load_around: it reaches beyond the row, so that a loop over lanes would be ragged. On AVX2
// the ragged loop is a fifth faster, on AVX-512 a fifth slower.
#ifdef __AVX512F__
inline constexpr bool kLrnReadsAround = true;
#else
inline constexpr bool kLrnReadsAround = false;
#endif
template <int N>
PHOSPHENE_HD bool at_border(int i, int64_t c, int radius) {
  return kLrnReadsAround && N > 1 && radius <= kLrnBeside && (i < radius || i + N + radius > c);
}

// sum[l] = add(sum[l], j) for the channels j = i + l + d inside [0, c), |d| <= radius.
template <int N, class Add>
PHOSPHENE_HD void lrn_window(int i, int64_t c, int radius, float* sum, const Add& add) {
  if (i >= radius && i + N + radius <= c) {
    for (int d = -radius; d <= radius; ++d)
      for (int l = 0; l < N; ++l) sum[l] = add(sum[l], i + l + d);
  } else {
    for (int d = -radius; d <= radius; ++d) {
      const int begin = larger(0, -(i + d)), end = smaller(N, static_cast<int>(c) - i - d);
      for (int l = begin; l < end; ++l) sum[l] = add(sum[l], i + l + d);
    }
  }
}

template <LrnPower kPower, class Storage>
struct NormaliseResponse {
  static constexpr int cpu_lanes = 64;
  static constexpr bool cpu_may_repeat = true;
  const Storage* src;
  Storage* dst;
  Storage* reciprocal;
  int64_t c;
  int radius;
  float alpha, beta, k;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const Storage* PHOSPHENE_RESTRICT x = src + row * c;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    if (at_border<N>(i, c, radius)) {
      LrnNeighbours<N> near;
      load_around<N>(x, c, i, radius, near);
      for (int d = kLrnBeside - radius; d <= kLrnBeside + radius; ++d)
        for (int l = 0; l < N; ++l) sum[l] = fused(near[l + d], near[l + d], sum[l]);
    } else {
      lrn_window<N>(i, c, radius, sum, [x](float so_far, int j) { return fused(widen(x[j]), widen(x[j]), so_far); });
    }
    float centre[N];
    load<N>(x + i, centre);
    for (int l = 0; l < N; ++l) {
      sum[l] = 1.F / fused(alpha, sum[l], k);
      centre[l] *= lrn_power<kPower>(sum[l], beta);
    }
    store<N>(reciprocal + row * c + i, sum);
    store<N>(dst + row * c + i, centre);
  }
};

template <LrnPower kPower, class Storage>
struct NormaliseResponseBackward {
  static constexpr int cpu_lanes = 64;
  static constexpr bool cpu_may_repeat = true;
  const Storage* grad_dst;
  const Storage* src;
  const Storage* dst;
  const Storage* reciprocal;
  Storage* grad_src;
  int64_t c;
  int radius;
  float alpha, beta;
  const Storage* mask = nullptr;  // a ReLU's output where src is one: its gradient is taken as well

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const Storage* PHOSPHENE_RESTRICT g = grad_dst + row * c;
    const Storage* PHOSPHENE_RESTRICT y = dst + row * c;
    const Storage* PHOSPHENE_RESTRICT r = reciprocal + row * c;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    if (at_border<N>(i, c, radius)) {
      LrnNeighbours<N> product, factor;
      load_around<N>(g, c, i, radius, product);
      load_around<N>(y, c, i, radius, factor);
      for (int j = kLrnBeside - radius; j < kLrnBeside + N + radius; ++j) product[j] *= factor[j];
      load_around<N>(r, c, i, radius, factor);
      for (int d = kLrnBeside - radius; d <= kLrnBeside + radius; ++d)
        for (int l = 0; l < N; ++l) sum[l] = fused(product[l + d], factor[l + d], sum[l]);
    } else {
      lrn_window<N>(i, c, radius, sum,
                    [g, y, r](float so_far, int j) { return fused(widen(g[j]) * widen(y[j]), widen(r[j]), so_far); });
    }
    float gradient[N], power[N], source[N];
    load<N>(g + i, gradient);
    load<N>(r + i, power);
    load<N>(src + row * c + i, source);
    for (int l = 0; l < N; ++l) {
      const float direct = gradient[l] * lrn_power<kPower>(power[l], beta);
      sum[l] = fused(-2.F * alpha * beta * source[l], sum[l], direct);
    }
    if (mask != nullptr) {
      load<N>(mask + row * c + i, source);
      for (int l = 0; l < N; ++l) sum[l] = source[l] > 0.F ? sum[l] : 0.F;
    }
    store<N>(grad_src + row * c + i, sum);
  }
};

}  // namespace phosphene
