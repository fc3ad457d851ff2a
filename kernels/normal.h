// Normally distributed numbers by Box and Muller's transform (Annals of Mathematical Statistics 29, 1958) on Philox, in double precision,
// and a whole half spectrum of them for each image and step:
//   dst[n, row, 4 b .. 4 b + 3] = sd * normal4(draw(keys[n], step, background, row B + b)),  B = ceil(K / 4) blocks to a row of K
// Rows are those of the spectrum (n, c, part, ky), elements its blocks; overwrites. 4 bytes and about 60 FLOPs in double per number.
#pragma once

#include "kernels/angles.h"
#include "kernels/exponential.h"
#include "kernels/host_device.h"
#include "kernels/parameters.h"
#include "kernels/philox.h"

namespace phosphene {

struct FourNormals {
  double number[4];
};

// Two pairs: radius sqrt(-2 log u) of one word, u in (0, 1), and angle of the next.
PHOSPHENE_HD FourNormals four_normals(const Philox4x32& words) {
  FourNormals four;
  for (int pair = 0; pair < 2; ++pair) {
    const double radius = __builtin_sqrt(-2 * logarithm((words.word[2 * pair] + 0.5) * 0x1p-32));
    const auto [sine, cosine] = sine_cosine(6.283185307179586 * words.word[2 * pair + 1] * 0x1p-32);
    four.number[2 * pair] = radius * cosine;
    four.number[2 * pair + 1] = radius * sine;
  }
  return four;
}

struct DrawSpectrum {
  static constexpr int cpu_lanes = 1;
  const DrawKey* keys;
  const int64_t* step;
  float* dst;
  int64_t rows_per_image;
  int k;
  double sd;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int blocks = (k + 3) / 4;
    const auto of_image = static_cast<uint32_t>(row % rows_per_image);
    for (int l = 0; l < N; ++l) {
      const int block = i + l;
      const uint32_t index = of_image * static_cast<uint32_t>(blocks) + static_cast<uint32_t>(block);
      const FourNormals four =
          four_normals(draw(keys[row / rows_per_image], static_cast<uint32_t>(*step), DrawPurpose::background, index));
      const int first = 4 * block;
      for (int e = 0; e < 4; ++e)
        if (first + e < k) dst[row * k + first + e] = static_cast<float>(sd * four.number[e]);
    }
  }
};

}  // namespace phosphene
