// A layer's values a against those r of a reference photograph that went through the same transforms, sums over c, h, w of an image:
//   caricature:  weight dot max(.1, dot / (1e-6 + |a|))^power,  dot = sum r a          (Lucid's recipe; |r| is left out of the cosine)
//   inversion:  -weight |a - r|^2 / |r|^2          (A. Mahendran and A. Vedaldi, CVPR 2015, eq. 2; |r|^2 at least 1e-20)
// The gradient of both is of_reference r + of_own a, which passes nothing to the reference:
//   caricature:  of_reference = weight (power + 1) c^power, of_own = -weight power dot c^power / (|a| (1e-6 + |a|)), c the cosine;
//                where c is floored: weight .1^power, and 0
//   inversion:   of_reference = 2 weight / |r|^2 = -of_own
// Tiles are rows (n, h), then images; sums are float32. Backward rows are (n, h); overwrites. Two reads forward, three accesses back.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

// Two sums of a row: of the products r a and the squares of a, or of the squares of a - r and of r.
template <ReferenceKind kKind, class Storage>
struct ReferenceSums {
  const Storage* src;
  const Storage* reference;
  float* sums;
  int64_t row_elements;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t row) const {
    const Storage* a = src + row * row_elements;
    const Storage* r = reference + row * row_elements;
    const float first = team.sum(row_elements, [a, r](int64_t i) {
      const float x = widen(a[i]), y = widen(r[i]);
      return kKind == ReferenceKind::caricature ? x * y : (x - y) * (x - y);
    });
    const float second = team.sum(row_elements, [a, r](int64_t i) {
      const float x = widen(kKind == ReferenceKind::caricature ? a[i] : r[i]);
      return x * x;
    });
    float* out = sums + 2 * row;
    team.once([out, first, second] {
      out[0] = first;
      out[1] = second;
    });
  }
};

// The value of an image, and its two factors.
template <ReferenceKind kKind>
struct ReferenceValue {
  const float* sums;  // 2 per row
  const ReferenceRow* rows;
  float* value;
  float* factors;  // 2 per image
  int64_t rows_per_image;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const float* of_image = sums + 2 * image * rows_per_image;
    const float first = team.sum(rows_per_image, [of_image](int64_t i) { return of_image[2 * i]; });
    const float second = team.sum(rows_per_image, [of_image](int64_t i) { return of_image[2 * i + 1]; });
    const ReferenceRow row = rows[image];
    float* out = value + image;
    float* of = factors + 2 * image;
    team.once([first, second, row, out, of] { write(first, second, row, out, of); });
  }

  PHOSPHENE_HD static void write(float first, float second, const ReferenceRow& row, float* value, float* factors) {
    if (kKind == ReferenceKind::inversion) {
      const float share = row.weight / larger(second, 1e-20F);
      *value = -share * first;
      factors[0] = 2.F * share;
      factors[1] = -2.F * share;
      return;
    }
    const float norm = square_root(second), cosine = first / (1e-6F + norm);
    const bool floored = !(cosine > 0.1F);
    float raised = row.weight;
    for (int i = 0; i < row.power; ++i) raised *= floored ? 0.1F : cosine;
    const auto power = static_cast<float>(row.power);
    *value = first * raised;
    factors[0] = floored ? raised : (power + 1.F) * raised;
    factors[1] = floored ? 0.F : -power * first * raised / (norm * (1e-6F + norm));
  }
};

template <class Storage>
struct ReferenceBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  const Storage* reference;
  const float* factors;
  Storage* grad_src;
  int64_t rows_per_image, row_elements;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* of = factors + 2 * (row / rows_per_image);
    float a[N], r[N];
    load<N>(src + row * row_elements + i, a);
    load<N>(reference + row * row_elements + i, r);
    for (int l = 0; l < N; ++l) a[l] = fused(of[0], r[l], of[1] * a[l]);
    store<N>(grad_src + row * row_elements + i, a);
  }
};

}  // namespace phosphene
