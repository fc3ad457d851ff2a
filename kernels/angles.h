// Functions of angles, defined once, so that both backends round alike and loops over them vectorise.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

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
