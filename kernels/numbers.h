// Numbers as the hardware has them: sums and products rounded as written, bits, roots, the smaller and the larger.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

// a b + c, rounded once. Written where the compiler could fuse either of two products and would choose by the width.
PHOSPHENE_HD float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// a b, rounded before anything is added to it.
PHOSPHENE_HD float rounded_product(float a, float b) { return fused(a, b, -0.F); }

PHOSPHENE_HD uint32_t bits_of(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  return bits;
}
PHOSPHENE_HD float number_of(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof(x));
  return x;
}
PHOSPHENE_HD float square_root(float x) { return __builtin_sqrtf(x); }

// Whether 0 <= index < count.
PHOSPHENE_HD bool is_inside(int index, int count) {
  return static_cast<unsigned>(index) < static_cast<unsigned>(count);
}

template <class T>
PHOSPHENE_HD T smaller(T a, T b) {
  return a < b ? a : b;
}
template <class T>
PHOSPHENE_HD T larger(T a, T b) {
  return a > b ? a : b;
}

}  // namespace phosphene
