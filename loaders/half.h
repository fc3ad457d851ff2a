// Sixteen-bit floating-point numbers as float32. Every one of them is a float32 exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace phosphene {

// IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of mantissa.
inline float from_half(uint16_t half) {
  const auto sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU, mantissa = half & 0x3FFU;
  constexpr float kSmallest = 0x1p-24F;  // a subnormal half counts these
  if (exponent == 0)
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(mantissa) * kSmallest));
  const uint32_t rebiased = exponent == 0x1F ? 0xFFU : exponent + 127 - 15;
  return std::bit_cast<float>(sign | rebiased << 23 | mantissa << 13);
}

// bfloat16: the upper half of a float32.
inline float from_bfloat16(uint16_t upper) { return std::bit_cast<float>(static_cast<uint32_t>(upper) << 16); }

}  // namespace phosphene
