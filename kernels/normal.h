// Normally distributed numbers by Box and Muller's transform (Annals of Mathematical Statistics 29, 1958) on Philox, in double precision,
// and a whole half spectrum of them for each image and step:
//   dst[n, row, 4 b .. 4 b + 3] = sd * normal4(draw(keys[n], step, background, row B + b)),  B = ceil(K / 4) blocks to a row of K
// Rows are those of the spectrum (n, c, part, ky), elements its blocks; overwrites. 4 bytes and about 60 FLOPs in double per number.
//
// And noise on what a network sees, as MaCo has it, so that no single pattern of pixels is fitted:
//   dst[n, i, j, c] = src[n, i, j, c] + deviation[c] * normal(draw(keys[n], step, noise, (i W + j) B)), B = ceil(C / 4) blocks to a pixel
// Channels_last values of a network. Rows are (n, i), elements its pixels; overwrites. 8 bytes and about 60 FLOPs in double per number.
#pragma once

#include "kernels/angles.h"
#include "kernels/exponential.h"
#include "kernels/host_device.h"
#include "kernels/numbers.h"
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

template <class Storage>
struct AddNoise {
  static constexpr int cpu_lanes = 1;
  const Storage* src;
  const DrawKey* keys;
  const int64_t* step;
  Storage* dst;
  int64_t h, w;
  int c;
  float deviation[kWarpChannels];

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const DrawKey key = keys[row / h];
    const auto blocks = static_cast<uint32_t>((c + 3) / 4);
    const uint32_t first_of_row = static_cast<uint32_t>(row % h) * static_cast<uint32_t>(w);
    for (int l = 0; l < N; ++l) {
      const int64_t at = (row * w + i + l) * c;
      for (int first = 0; first < c; first += 4) {
        const uint32_t index =
            (first_of_row + static_cast<uint32_t>(i + l)) * blocks + static_cast<uint32_t>(first / 4);
        const FourNormals four = four_normals(draw(key, static_cast<uint32_t>(*step), DrawPurpose::noise, index));
        for (int e = 0; e < 4; ++e) {
          if (first + e >= c) break;
          const auto normal = static_cast<float>(four.number[e]);
          narrow(fused(deviation[first + e], normal, widen(src[at + first + e])), dst[at + first + e]);
        }
      }
    }
  }
};

}  // namespace phosphene
