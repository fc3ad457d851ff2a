// Exponentials, logarithms and what is made of them, defined once, so that both backends round alike and loops over them vectorise.
#pragma once

#include "kernels/numbers.h"

namespace phosphene {

// x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite 1980, chapter 6), for x on [-87, 88], clamped outside; and q of e^r = 1 + q r, by
// the Taylor polynomial of e^r of degree 7, whose remainder there is below 6e-9.
struct ExponentialParts {
  float r, q, power;  // power = 2^n
};
PHOSPHENE_HD ExponentialParts exponential_parts(float x) {
  x = x < -87.F ? -87.F : x;
  x = x > 88.F ? 88.F : x;
  const float shifted = x * 1.44269504F + 12582912.F;  // 1.5 * 2^23: adding it rounds to an integer
  const float n = shifted - 12582912.F;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.98412698e-4F;
  p = p * r + 1.38888889e-3F;
  p = p * r + 8.33333333e-3F;
  p = p * r + 4.16666667e-2F;
  p = p * r + 1.66666667e-1F;
  p = p * r + 0.5F;
  p = p * r + 1.F;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, sizeof(power));
  return {r, p, power};
}

// e^x to 2 units in the last place on [-87, 88], clamped outside.
PHOSPHENE_HD float exponential(float x) {
  const auto [r, q, power] = exponential_parts(x);
  return (q * r + 1.F) * power;
}

// e^x - 1 to 3 units in the last place: 2^n q r + (2^n - 1), whose second term is exact and 0 where |x| <= ln 2 / 2. Elsewhere the sum is
// at least .29, no smaller than half its largest term, so the rounding of q r is at most doubled. Clamped as above.
PHOSPHENE_HD float exponential_minus_one(float x) {
  const auto [r, q, power] = exponential_parts(x);
  return fused(power, q * r, power - 1.F);
}

// log((1 + s) / (1 - s)) = 2 atanh(s) by its Taylor series to s^kLast.
template <int kLast, class T>
PHOSPHENE_HD T logarithm_of_ratio(T s) {
  const T s2 = s * s;
  T p = T{1} / static_cast<T>(kLast);
  for (int n = kLast - 2; n >= 1; n -= 2) p = p * s2 + T{1} / static_cast<T>(n);
  return 2 * s * p;
}

// log m for m in [sqrt(1/2), sqrt(2)], s = (m - 1) / (m + 1), s^2 <= .0295: the rest of the series is below 3e-9 of it for kLast = 9 and
// below 1e-18 for 21. Exactly 0 at 1.
template <int kLast, class T>
PHOSPHENE_HD T logarithm_near_one(T m) {
  return logarithm_of_ratio<kLast>((m - T{1}) / (m + T{1}));
}

// log x, x = 2^n m. To 3 units in the last place; what is below 2^-126, the smallest normal number, counts as that.
PHOSPHENE_HD float logarithm(float x) {
  x = x < 0x1p-126F ? 0x1p-126F : x;
  int32_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  const int32_t n = (bits - 0x3F3504F3) >> 23;  // sqrt(1/2)
  bits -= n * (1 << 23);
  float m;
  __builtin_memcpy(&m, &bits, sizeof(m));
  return fused(static_cast<float>(n), 0.693147181F, logarithm_near_one<9>(m));
}

// The same in double precision, for x >= 2^-1022.
PHOSPHENE_HD double logarithm(double x) {
  int64_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  const int64_t n = (bits - 0x3FE6A09E667F3BCD) >> 52;
  bits -= n * (int64_t{1} << 52);
  double m;
  __builtin_memcpy(&m, &bits, sizeof(m));
  return __builtin_fma(static_cast<double>(n), 0.69314718055994531, logarithm_near_one<21>(m));
}

// base^exponent for base >= 0, as accurate as the roundings of exponent log base allow. Below e^-87 it is e^-87.
PHOSPHENE_HD float power(float base, float exponent) { return exponential(exponent * logarithm(base)); }

PHOSPHENE_HD float sigmoid(float x) { return 1.F / (1.F + exponential(-x)); }

// log(1 + z) for z in [0, 1], to 3 units in the last place: s = z / (2 + z) <= 1/3, and the rest of the series is below 2e-9 of it.
PHOSPHENE_HD float logarithm_one_plus(float z) { return logarithm_of_ratio<15>(z / (2.F + z)); }

// log(1 + e^x), to 4 units in the last place.
PHOSPHENE_HD float softplus(float x) { return larger(x, 0.F) + logarithm_one_plus(exponential(x < 0.F ? x : -x)); }

// To 5 units in the last place: with e = e^(-2 |x|) - 1 it is -e / (2 + e), of which no sum cancels.
PHOSPHENE_HD float hyperbolic_tangent(float x) {
  const float e = exponential_minus_one(x < 0.F ? 2.F * x : -2.F * x), t = -e / (2.F + e);
  return x < 0.F ? -t : t;
}

// For 0 <= u <= 13: bell = e^(-u^2 / 2), and what of the normal distribution lies beyond u, tail = erfc(u / sqrt 2) / 2 = bell R(u).
// R is a polynomial of degree 10 in t = 1 / (1 + 3/8 u), which interpolates erfc(u / sqrt 2) / 2 e^(u^2 / 2) at the Chebyshev points of
// t for u in [0, 14]; with these coefficients it is off by at most 2.4e-8 of itself. e^(-u^2 / 2) is e^(-h / 2) (1 - l / 2), where
// u^2 = h + l exactly, since the rounding of u^2 would be an error of as much as 98 eps. Both to 8 units in the last place.
struct NormalTail {
  float tail, bell;
};
PHOSPHENE_HD NormalTail normal_tail(float u) {
  const float t = 1.F / fused(0.375F, u, 1.F);
  float p = 2.549811033e-2F;
  p = p * t - 1.591796767e-1F;
  p = p * t + 4.048516045e-1F;
  p = p * t - 5.057999634e-1F;
  p = p * t + 2.859429553e-1F;
  p = p * t - 9.600125199e-2F;
  p = p * t + 1.230985399e-1F;
  p = p * t + 1.215915269e-1F;
  p = p * t + 1.504526759e-1F;
  p = p * t + 1.495436392e-1F;
  p = p * t + 1.840711434e-6F;
  const float h = rounded_product(u, u), l = fused(u, u, -h);
  const float e = exponential(-0.5F * h), bell = fused(-0.5F * l, e, e);
  return {p * bell, bell};
}

}  // namespace phosphene
