#include "layers/image/normal_draws.h"

#include "kernels/normal.h"
#include "runtime/error.h"

namespace phosphene {

void draw_normal(const DrawKey& key, DrawPurpose purpose, double sd, std::span<float> numbers, uint32_t part) {
  constexpr size_t kMax = size_t{4} << 24;  // four from each block of a purpose
  if (numbers.size() > kMax) fail("size", "{} parameters for one image; at most {} are possible", numbers.size(), kMax);
  for (size_t first = 0; first < numbers.size(); first += 4) {
    const Philox4x32 words = draw(key, part, purpose, static_cast<uint32_t>(first / 4));
    const FourNormals four = four_normals(words);
    for (size_t e = 0; e < 4 && first + e < numbers.size(); ++e)
      numbers[first + e] = static_cast<float>(sd * four.number[e]);
  }
}

}  // namespace phosphene
