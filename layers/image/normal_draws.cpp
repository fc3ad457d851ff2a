#include "layers/image/normal_draws.h"

#include <cmath>
#include <numbers>

#include "runtime/error.h"

namespace phosphene {

void draw_normal(const DrawKey& key, DrawPurpose purpose, double sd, std::span<float> numbers, uint32_t part) {
  constexpr size_t kMost = size_t{4} << 24;  // four from each block of a purpose
  if (numbers.size() > kMost)
    fail("size", "{} parameters for one image; at most {} are possible", numbers.size(), kMost);
  for (size_t first = 0; first < numbers.size(); first += 4) {
    const Philox4x32 words = draw(key, part, purpose, static_cast<uint32_t>(first / 4));
    for (size_t pair = 0; pair < 2; ++pair) {
      const double radius = sd * std::sqrt(-2 * std::log((words.word[2 * pair] + 0.5) * 0x1p-32));
      const double angle = 2 * std::numbers::pi * words.word[2 * pair + 1] * 0x1p-32;
      const size_t at = first + 2 * pair;
      if (at < numbers.size()) numbers[at] = static_cast<float>(radius * std::cos(angle));
      if (at + 1 < numbers.size()) numbers[at + 1] = static_cast<float>(radius * std::sin(angle));
    }
  }
}

}  // namespace phosphene
