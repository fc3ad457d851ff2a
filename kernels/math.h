// Exponentials, logarithms and functions of angles, defined once, so that both backends round alike and loops over them vectorise.
#pragma once

#include "kernels/numbers.h"

namespace phosphene {

// e^x to 2 units in the last place on [-87, 88], clamped outside; x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite 1980,
// chapter 6), e^r by its Taylor polynomial of degree 7, whose remainder there is below 6e-9.
PHOSPHENE_HD float exponential(float x) {
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
  p = p * r + 1.F;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, sizeof(power));
  return p * power;
}

// log m for m in [sqrt(1/2), sqrt(2)] as 2 atanh(s), s = (m - 1) / (m + 1), s^2 <= .0295, by its Taylor series to s^kLast: the rest is below
// 3e-9 of it for kLast = 9 and below 1e-18 for 21. Exactly 0 at 1.
template <int kLast, class T>
PHOSPHENE_HD T logarithm_near_one(T m) {
  const T s = (m - T{1}) / (m + T{1}), s2 = s * s;
  T p = T{1} / static_cast<T>(kLast);
  for (int n = kLast - 2; n >= 1; n -= 2) p = p * s2 + T{1} / static_cast<T>(n);
  return 2 * s * p;
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

struct SineCosine {
  double sine, cosine;
};

// Both to about 1e-16 for |radians| <= 1e5: x = q pi / 2 + r (Cody and Waite 1980, chapter 8; pi / 2 in two parts, of which the
// first times q is subtracted by a fused operation and so exactly), then Taylor polynomials on |r| <= pi / 4, whose remainders
// are r^19 / 19! < 1e-19 and r^18 / 18! < 3e-18. A library's own would keep a table in a GPU's local memory for huge angles.
PHOSPHENE_HD SineCosine sine_cosine(double radians) {
  const double q = __builtin_rint(radians * 0.63661977236758134);
  const double r = __builtin_fma(-q, 6.123233995736766e-17, __builtin_fma(-q, 1.5707963267948966, radians));
  const double r2 = r * r;
  double sine = 1., cosine = 1.;
  for (int n = 16; n >= 2; n -= 2) {
    sine = 1. - sine * r2 / (n * (n + 1));
    cosine = 1. - cosine * r2 / (n * (n - 1));
  }
  sine *= r;
  const int turns = static_cast<int>(q) & 3;
  const double swapped = turns % 2 == 0 ? sine : cosine;
  cosine = turns % 2 == 0 ? cosine : sine;
  return {turns >= 2 ? -swapped : swapped, turns == 1 || turns == 2 ? -cosine : cosine};
}

// To 4 units in the last place: |x| is brought below tan(pi / 8) by atan t = pi/2 - atan(1/t) or pi/4 + atan((t-1) / (t+1)), and there
// follows a polynomial of degree 9 (S. Moshier, Cephes, atanf).
PHOSPHENE_HD float arc_tangent(float x) {
  const float t = __builtin_fabsf(x);
  const bool large = t > 2.41421356F, middle = t > 0.414213562F;
  const float over = large ? -1.F : middle ? t - 1.F : t;
  const float under = large ? t : middle ? t + 1.F : 1.F;
  const float base = large ? 1.57079633F : middle ? 0.785398163F : 0.F;
  const float r = over / under, r2 = r * r;
  float p = 8.05374449538e-2F;
  p = p * r2 - 1.38776856032e-1F;
  p = p * r2 + 1.99777106478e-1F;
  p = p * r2 - 3.33329491539e-1F;
  const float angle = base + (p * r2 * r + r);
  return x < 0.F ? -angle : angle;
}

// For |x| <= pi / 2, to 2e-7: its Taylor polynomial of degree 14, whose remainder there is below 7e-11.
PHOSPHENE_HD float cosine(float x) {
  const float r = x * x;
  float p = -1.14707456e-11F;
  p = p * r + 2.08767570e-9F;
  p = p * r - 2.75573192e-7F;
  p = p * r + 2.48015873e-5F;
  p = p * r - 1.38888889e-3F;
  p = p * r + 4.16666667e-2F;
  p = p * r - 0.5F;
  return p * r + 1.F;
}

}  // namespace phosphene
