// Local response normalisation across channels (Krizhevsky et al., NIPS 2012, section 3.3), channels_last.
//
// s_i = k + alpha * sum of src_j^2 over |j - i| <= radius, j inside;  dst_i = src_i s_i^-beta
// grad_src_i = grad_dst_i s_i^-beta - 2 alpha beta src_i * sum over |j - i| <= radius of grad_dst_j src_j s_j^(-beta - 1)
//
// `alpha` is the factor of the sum: Caffe's alpha is divided by the window's size before. Rows are positions; overwrites.
// Nothing is kept for backward: s is computed again rather than written and read. Forward 2 accesses, backward 3. Of a row that is
// computed at once, with radius 2 and beta 3/4, about 22 and 35 operations per element, a fused one counted once; an element of the
// gradient by itself computes s for each of its window. On a GPU, a thread takes eight channels of a row and computes s of these and, for
// the gradient, of the radius beside them, where the radius is compiled in (kRadius; 0: any): 1.5 of them an element instead of 5.
#pragma once

#include <math.h>

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/vector_cpu.h"

namespace phosphene {

// s^-beta; GoogLeNet's and AlexNet's beta is 3/4.
enum class LrnPower { three_quarters, half, any };

// Numbers are floats or, on a CPU, vectors of neighbouring channels.
template <class Number>
struct LrnPowers {
  Number power, power_over_s;  // s^-beta, s^(-beta - 1)
};

PHOSPHENE_HD float to_the_power(float x, float exponent) { return powf(x, exponent); }
#ifndef __CUDACC__
PHOSPHENE_HD Floats square_root(Floats x) {
  for (int l = 0; l < kVectorised; ++l) x[l] = square_root(x[l]);
  return x;
}
PHOSPHENE_HD Floats to_the_power(Floats x, float exponent) {
  for (int l = 0; l < kVectorised; ++l) x[l] = to_the_power(x[l], exponent);
  return x;
}
#endif

// x^(-1/4) within 2^-17 of it, for 2^-126 <= x < 2^128. A float's bits, taken for an integer, are nearly a logarithm, so minus a quarter
// of them are nearly those of the root: the constant makes e = 1 - x y^4 least at the worst, |e| < 1/7. Then y (1 - e)^(-1/4) by its
// series to e^4; the next term is 663/8192 e^5 < 2^-17.
template <class Number>
PHOSPHENE_HD Number near_inverse_fourth_root(Number x) {
  const Number one = Number{} + 1.F;
  const Number y = number_of(0x4F58CAE5U - (bits_of(x) >> 2));
  const Number squared = y * y, e = fused(-x * squared, squared, one);
  const Number series =
      fused(fused(fused(195.F / 2048 * one, e, 15.F / 128 * one), e, 5.F / 32 * one), e, 1.F / 4 * one);
  return fused(series * e, y, y);
}

// A row's length and what both directions compute of it.
template <LrnPower kPower>
struct LrnWindow {
  int c, radius;
  float alpha, beta, k;

  template <class Number>
  PHOSPHENE_HD LrnPowers<Number> powers_of(Number sum_of_squares) const {
    const Number s = fused(Number{} + alpha, sum_of_squares, Number{} + k);
    if constexpr (kPower == LrnPower::three_quarters) {
      // With e = 1 - s y^4, now |e| < 2^-15, s^(-3/4) = y^3 (1 - e)^(-3/4) and s^(-7/4) = y^7 (1 - e)^(-7/4). Of their series
      // 21/32 e^2 and 77/32 e^2 are left out, less than 2^-28. An s that overflows becomes NaN.
      const Number y = near_inverse_fourth_root(s), squared = y * y, cubed = squared * y;
      const Number seventh = cubed * (squared * squared), e = fused(-s * squared, squared, Number{} + 1.F);
      return {fused(0.75F * e, cubed, cubed), fused(1.75F * e, seventh, seventh)};
    } else {
      const Number inverse = 1.F / s;
      const Number power = kPower == LrnPower::half ? square_root(inverse) : to_the_power(inverse, beta);
      return {power, power * inverse};
    }
  }
  // Of channel i.
  template <class Storage>
  PHOSPHENE_HD LrnPowers<float> powers_at(const Storage* PHOSPHENE_RESTRICT row, int i) const {
    float sum = 0.F;
    const int last = smaller(i + radius, c - 1);
    for (int j = larger(i - radius, 0); j <= last; ++j) sum += rounded_product(widen(row[j]), widen(row[j]));
    return powers_of(sum);
  }
  template <class Number>
  PHOSPHENE_HD Number gradient(Number direct, Number x, Number sum_of_terms) const {
    return fused(-2.F * alpha * beta * x, sum_of_terms, direct);
  }
};

#ifndef __CUDACC__
// A number for each channel of a row, and zeros beside it: where its windows reach, and where its last vector's do.
struct LrnChannels {
  static constexpr int kMax = 1024, kBeside = 16, kBehind = kBeside + kVectorised;
  alignas(64) float all[kBeside + kMax + kBehind];

  explicit LrnChannels(int c) {
    for (int l = 0; l < kBeside; ++l) all[l] = 0.F;
    for (int l = 0; l < kBehind; ++l) all[kBeside + c + l] = 0.F;
  }
  static bool can_hold(int c, int radius) { return c <= kMax && radius <= kBeside; }
  Floats& at(int i) { return *reinterpret_cast<Floats*>(all + kBeside + i); }
  [[nodiscard]] Floats sum_around(int i, int radius) {
    Floats sum{};
    for (int d = -radius; d <= radius; ++d) sum += at(i + d);
    return sum;
  }
};
#endif

// Channels i - kBeside .. i + N + kBeside - 1 of a row, 0 where it has none. i and N as for load<N>.
template <int N, int kBeside, class Storage>
PHOSPHENE_HD void load_around(const Storage* PHOSPHENE_RESTRICT row, int i, int c, float (&x)[N + 2 * kBeside]) {
  float inner[N];
  load<N>(row + i, inner);
  for (int l = 0; l < N; ++l) x[kBeside + l] = inner[l];
  for (int l = 0; l < kBeside; ++l) {
    const int before = i - kBeside + l, behind = i + N + l;
    x[l] = before >= 0 ? widen(row[before]) : 0.F;
    x[kBeside + N + l] = behind < c ? widen(row[behind]) : 0.F;
  }
}

// Of kCount + 2 kRadius numbers, from the one at `first` on, the sum of 2 kRadius + 1.
template <int kRadius, int kSize>
PHOSPHENE_HD float sum_from(const float (&x)[kSize], int first) {
  float sum = 0.F;
  for (int d = 0; d <= 2 * kRadius; ++d) sum += x[first + d];
  return sum;
}

template <LrnPower kPower, class Storage, int kRadius = 0>
struct NormaliseResponse {
  static constexpr int cpu_lanes = 1;
  static constexpr int gpu_lanes = kRadius > 0 ? 8 : 1;
  const Storage* src;
  Storage* dst;
  LrnWindow<kPower> window;
  PHOSPHENE_HD bool wide() const { return window.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    if constexpr (kRadius > 0) {
      write_together<N>(row, i);
    } else {
      for (int l = 0; l < N; ++l) write(row, i + l);
    }
  }

  template <int N>
  PHOSPHENE_HD void write_together(int64_t row, int i) const {
    float x[N + 2 * kRadius], squares[N + 2 * kRadius], y[N];
    load_around<N, kRadius>(src + row * window.c, i, window.c, x);
    for (int l = 0; l < N + 2 * kRadius; ++l) squares[l] = rounded_product(x[l], x[l]);
    for (int l = 0; l < N; ++l) y[l] = x[kRadius + l] * window.powers_of(sum_from<kRadius>(squares, l)).power;
    store<N>(dst + row * window.c + i, y);
  }

  PHOSPHENE_HD void write(int64_t row, int i) const {
    const Storage* PHOSPHENE_RESTRICT x = src + row * window.c;
    narrow(widen(x[i]) * window.powers_at(x, i).power, dst[row * window.c + i]);
  }

#ifndef __CUDACC__
  [[nodiscard]] bool whole_row(int64_t row, int elements) const {
    if (elements != window.c || !LrnChannels::can_hold(window.c, window.radius)) return false;
    const int c = window.c;
    const Storage* PHOSPHENE_RESTRICT x = src + row * window.c;
    LrnChannels squares(c);
    for (int i = 0; i < c; i += kVectorised) {
      const Floats source = floats_at(x + i, c - i);
      squares.at(i) = source * source;
    }
    for (int i = 0; i < c; i += kVectorised) {
      const Floats power = window.powers_of(squares.sum_around(i, window.radius)).power;
      put(floats_at(x + i, c - i) * power, c - i, dst + row * window.c + i);
    }
    return true;
  }
#endif
};

template <LrnPower kPower, class Storage, int kRadius = 0>
struct NormaliseResponseBackward {
  static constexpr int cpu_lanes = 1;
  static constexpr int gpu_lanes = kRadius > 0 ? 8 : 1;
  const Storage* grad_dst;
  const Storage* src;
  Storage* grad_src;
  LrnWindow<kPower> window;
  const Storage* mask = nullptr;  // a ReLU's output where src is one: its gradient is taken as well
  PHOSPHENE_HD bool wide() const { return window.c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    if constexpr (kRadius > 0) {
      write_together<N>(row, i);
    } else {
      for (int l = 0; l < N; ++l) write(row, i + l);
    }
  }

  template <int N>
  PHOSPHENE_HD void write_together(int64_t row, int i) const {
    constexpr int kTerms = N + 2 * kRadius;
    const int64_t at = row * window.c;
    float x[kTerms + 2 * kRadius], squares[kTerms + 2 * kRadius], g[kTerms], terms[kTerms], direct[kTerms];
    load_around<N, 2 * kRadius>(src + at, i, window.c, x);
    load_around<N, kRadius>(grad_dst + at, i, window.c, g);
    for (int l = 0; l < kTerms + 2 * kRadius; ++l) squares[l] = rounded_product(x[l], x[l]);
    for (int l = 0; l < kTerms; ++l) {
      const LrnPowers<float> s = window.powers_of(sum_from<kRadius>(squares, l));
      // Where the row has no channel, an s that overflows would make a NaN of 0.
      terms[l] = is_inside(i - kRadius + l, window.c) ? rounded_product(g[l] * x[kRadius + l], s.power_over_s) : 0.F;
      direct[l] = rounded_product(g[l], s.power);
    }
    float y[N];
    for (int l = 0; l < N; ++l)
      y[l] = window.gradient(direct[kRadius + l], x[2 * kRadius + l], sum_from<kRadius>(terms, l));
    if (mask != nullptr) {
      float rectified[N];
      load<N>(mask + at + i, rectified);
      for (int l = 0; l < N; ++l) y[l] = rectified[l] > 0.F ? y[l] : 0.F;
    }
    store<N>(grad_src + at + i, y);
  }

  PHOSPHENE_HD void write(int64_t row, int i) const {
    const Storage* PHOSPHENE_RESTRICT g = grad_dst + row * window.c;
    const Storage* PHOSPHENE_RESTRICT x = src + row * window.c;
    float sum = 0.F, direct = 0.F;
    const int last = smaller(i + window.radius, window.c - 1);
    for (int j = larger(i - window.radius, 0); j <= last; ++j) {
      const auto s = window.powers_at(x, j);
      if (j == i) direct = rounded_product(widen(g[j]), s.power);
      sum += rounded_product(widen(g[j]) * widen(x[j]), s.power_over_s);
    }
    const bool passes = mask == nullptr || widen(mask[row * window.c + i]) > 0.F;
    narrow(passes ? window.gradient(direct, widen(x[i]), sum) : 0.F, grad_src[row * window.c + i]);
  }

#ifndef __CUDACC__
  [[nodiscard]] bool whole_row(int64_t row, int elements) const {
    if (elements != window.c || !LrnChannels::can_hold(window.c, window.radius)) return false;
    const int c = window.c;
    const Storage* PHOSPHENE_RESTRICT g = grad_dst + row * window.c;
    const Storage* PHOSPHENE_RESTRICT x = src + row * window.c;
    LrnChannels sources(c), squares(c), direct(c), terms(c);
    for (int i = 0; i < c; i += kVectorised) {
      const Floats source = floats_at(x + i, c - i);
      sources.at(i) = source;
      squares.at(i) = source * source;
    }
    for (int i = 0; i < c; i += kVectorised) {
      const auto s = window.powers_of(squares.sum_around(i, window.radius));
      const Floats gradient = floats_at(g + i, c - i);
      direct.at(i) = gradient * s.power;
      terms.at(i) = gradient * sources.at(i) * s.power_over_s;
    }
    for (int i = 0; i < c; i += kVectorised) {
      const Floats sum = window.gradient(direct.at(i), sources.at(i), terms.sum_around(i, window.radius));
      const Floats passed = mask == nullptr ? sum : floats_at(mask + row * window.c + i, c - i) > 0.F ? sum : Floats{};
      put(passed, c - i, grad_src + row * window.c + i);
    }
    return true;
  }
#endif
};

}  // namespace phosphene
