// Objectives on a direction v in activation space (Olah et al., Distill 2017; the cosine power is Carter et al., "Activation
// Atlas", Distill 2019): with x = src at a position, d = <x, v>, cos = d / ((e + |x|) (e + |v|)), e = 1e-4,
//   value[n] = weight * mean over the region of d max(.1, cos)^power          (power 0: the mean of d)
// Gradient at a position, times weight / |region|:  power 0, or cos <= .1:  v max(.1)^power
//   else (power + 1) cos^power v - power d cos^power x / (|x| (e + |x|)).   The floor passes no gradient of its own.
// The region is the whole map, with one v, or a patch of it, with a v for each position (a direction in a tensor's space; a neuron's
// patch is 1 x 1). src is channels_last; a tile is a position (terms, gradient) or an image (their mean); overwrites.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

inline constexpr int64_t kNoVector = -1;

// The row of the table of vectors that a position of a map of `w` columns has; none outside the patch.
PHOSPHENE_HD int64_t vector_of_position(const DirectionRow& of, int64_t position, int w) {
  if (of.row == kWholeMap) return of.vector;
  const int64_t r = position / w - of.row, c = position % w - of.column;
  return r >= 0 && r < of.height && c >= 0 && c < of.width ? of.vector + r * of.width + c : kNoVector;
}

// How many positions of an h x w map its mean is over.
PHOSPHENE_HD int64_t positions_of_region(const DirectionRow& of, int h, int w) {
  return of.row == kWholeMap ? static_cast<int64_t>(h) * w : static_cast<int64_t>(of.height) * of.width;
}

// <x, v>, |x| and the floored cosine to the power of the term, at one position.
struct DirectionProjection {
  float dot, norm, cosine;
  static constexpr float kEpsilon = 1e-4F;
  static constexpr float kFloor = 0.1F;

  template <class Team, class Storage>
  PHOSPHENE_HD DirectionProjection(const Team& team, const Storage* x, const float* v, int64_t c) {
    dot = team.sum(c, [x, v](int64_t i) { return widen(x[i]) * v[i]; });
    norm = square_root(team.sum(c, [x](int64_t i) { return widen(x[i]) * widen(x[i]); }));
    const float direction = square_root(team.sum(c, [v](int64_t i) { return v[i] * v[i]; }));
    cosine = dot / (kEpsilon + norm) / (kEpsilon + direction);
  }

  PHOSPHENE_HD static float power(float base, int exponent) {
    return exponent == 0 ? 1.F : exponent == 1 ? base : base * base;
  }
};

template <class Storage>
struct DirectionTerms {
  const Storage* src;
  const DirectionRow* rows;
  const float* vectors;
  float* terms;
  int64_t c;
  int h, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t map = static_cast<int64_t>(h) * w;
    const DirectionRow row = rows[tile / map];
    const int64_t vector = vector_of_position(row, tile % map, w);
    float term = 0.F;
    if (row.weight != 0.F && vector != kNoVector) {
      const DirectionProjection at(team, src + tile * c, vectors + vector * c, c);
      term = at.dot * DirectionProjection::power(larger(DirectionProjection::kFloor, at.cosine), row.power);
    }
    float* out = terms + tile;
    team.once([out, term] { *out = term; });
  }
};

struct DirectionValue {
  const float* terms;
  const DirectionRow* rows;
  float* value;
  int h, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t image) const {
    const DirectionRow row = rows[image];
    const int64_t map = static_cast<int64_t>(h) * w;
    const float* of_image = terms + image * map;
    const float sum = team.sum(map, [of_image](int64_t p) { return of_image[p]; });
    const float mean = sum / static_cast<float>(positions_of_region(row, h, w));
    float* out = value + image;
    const float result = row.weight * mean;
    team.once([out, result] { *out = result; });
  }
};

template <class Storage>
struct DirectionBackward {
  const Storage* src;
  const DirectionRow* rows;
  const float* vectors;
  Storage* grad_src;
  int64_t c;
  int h, w;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t map = static_cast<int64_t>(h) * w;
    const DirectionRow row = rows[tile / map];
    const int64_t vector = vector_of_position(row, tile % map, w);
    const bool inside = vector != kNoVector;
    const Storage* x = src + tile * c;
    const float* v = vectors + (inside ? vector : 0) * c;
    Storage* out = grad_src + tile * c;
    float along_v = 0.F, along_x = 0.F;
    if (row.weight != 0.F && inside) {
      const DirectionProjection at(team, x, v, c);
      const float weight = row.weight / static_cast<float>(positions_of_region(row, h, w));
      if (row.power == 0 || at.cosine <= DirectionProjection::kFloor) {
        along_v = weight * DirectionProjection::power(DirectionProjection::kFloor, row.power);
      } else {
        const float cosine = DirectionProjection::power(at.cosine, row.power);
        const float p = static_cast<float>(row.power);
        along_v = weight * (p + 1.F) * cosine;
        along_x = -weight * p * at.dot * cosine / (at.norm * (DirectionProjection::kEpsilon + at.norm));
      }
    }
    team.for_each(c,
                  [x, v, out, along_v, along_x](int64_t i) { narrow(along_v * v[i] + along_x * widen(x[i]), out[i]); });
  }
};

}  // namespace phosphene
