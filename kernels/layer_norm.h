// Normalisation of each position over its channels (J. Ba, J. Kiros and G. Hinton, "Layer Normalization", 2016, eq. 4, at each position of
// a map). With means over the C channels, mu = mean src, r = 1 / sqrt(mean (src - mu)^2 + epsilon), x = (src - mu) r:
//   dst = x factor + shift
//   grad_src = r (h - mean h - x mean (h x)),   h = grad_dst factor
// The mean is taken first and then the distances from it, so that a large mean does not swallow a small deviation. Factor and shift are one
// number per channel, float32, or none. A tile is a position of a channels_last value; sums and statistics are float32; nothing is kept for
// backward. Overwrites. Forward 2 accesses and about 8 FLOPs per element, backward 3 and about 17; the channels are read again from cache.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

PHOSPHENE_HD float one_over_deviation(float variance, float epsilon) { return 1.F / square_root(variance + epsilon); }

struct PositionStatistics {
  float mean, one_over_deviation_of;

  template <class Team, class Storage>
  PHOSPHENE_HD PositionStatistics(const Team& team, const Storage* x, int64_t c, float epsilon) {
    const float count = static_cast<float>(c);
    const float middle = team.sum(c, [x](int64_t i) { return widen(x[i]); }) / count;
    const float squares = team.sum(c, [x, middle](int64_t i) {
      const float distance = widen(x[i]) - middle;
      return rounded_product(distance, distance);
    });
    mean = middle;
    one_over_deviation_of = one_over_deviation(squares / count, epsilon);
  }
};

template <class Storage>
struct NormaliseLayer {
  const Storage* src;
  const float* factor;
  const float* shift;
  Storage* dst;
  int64_t c;
  float epsilon;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const Storage* x = src + tile * c;
    Storage* y = dst + tile * c;
    const float *f = factor, *s = shift;
    const PositionStatistics of(team, x, c, epsilon);
    const float mean = of.mean, r = of.one_over_deviation_of;
    team.for_each(c, [x, y, f, s, mean, r](int64_t i) {
      const float normalised = rounded_product(widen(x[i]) - mean, r);
      narrow(fused(normalised, f == nullptr ? 1.F : f[i], s == nullptr ? -0.F : s[i]), y[i]);
    });
  }
};

template <class Storage>
struct NormaliseLayerBackward {
  const Storage* grad_dst;
  const Storage* src;
  const float* factor;
  Storage* grad_src;
  int64_t c;
  float epsilon;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const Storage* g = grad_dst + tile * c;
    const Storage* x = src + tile * c;
    Storage* out = grad_src + tile * c;
    const float* f = factor;
    const PositionStatistics of(team, x, c, epsilon);
    const float mean = of.mean, r = of.one_over_deviation_of, count = static_cast<float>(c);
    const auto h = [g, f](int64_t i) { return rounded_product(widen(g[i]), f == nullptr ? 1.F : f[i]); };
    const auto normalised = [x, mean, r](int64_t i) { return rounded_product(widen(x[i]) - mean, r); };
    const float direct = team.sum(c, h) / count;
    const float along =
        team.sum(c, [h, normalised](int64_t i) { return rounded_product(h(i), normalised(i)); }) / count;
    team.for_each(c, [out, h, normalised, r, direct, along](int64_t i) {
      narrow(r * fused(-normalised(i), along, h(i) - direct), out[i]);
    });
  }
};

}  // namespace phosphene
