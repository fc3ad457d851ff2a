// One affine warp per image, fused with the network's preprocessing; planar image in, channels_last network input out.
//
// Output pixel (i, j) reads (y, x) = A (i, j, 1), A a row-major 2 x 3 matrix, by the four bilinear taps around it:
//   sample[c] = sum over taps (u, v) of hat(y - u) hat(x - v) value(c, u, v),   hat(t) = max(0, 1 - |t|)
//   dst[i, j, c] = scale * sample[order[c]] - mean[c]
// A tap outside reads .5 (constant), or its mirror image without repeating the edge (reflect).
// Backward is the exact transpose as a gather: grad_src[order[c], u, v] = scale * sum over (i, j) of hat hat grad_dst[i, j, c],
// over the output pixels whose image under A lies within one pixel of (u, v): those inside the parallelogram A^-1 ((u, v) +- 1).
// For reflect, every position that mirrors into (u, v) is visited too. Rows are (n, i) or (n, u); overwrites.
#pragma once

#include "kernels/host_device.h"
#include "kernels/math.h"

namespace phosphene {

enum class Outside : uint8_t { constant, reflect };
inline constexpr int kWarpChannels = 8;

PHOSPHENE_HD float hat(float t) { return larger(0.F, 1.F - (t < 0.F ? -t : t)); }

// The coordinate that `u` mirrors into, in [0, size).
PHOSPHENE_HD int reflected(int u, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  const int m = (u % period + period) % period;
  return m < size ? m : period - m;
}

// Coordinates further out than this are all the same to a tap; it keeps the conversion to int defined.
inline constexpr float kFarOutside = 1.0e6F;

PHOSPHENE_HD float bounded(float coordinate) {
  const float above = coordinate > -kFarOutside ? coordinate : -kFarOutside;
  return above < kFarOutside ? above : kFarOutside;
}

template <Outside kOutside>
struct WarpImage {
  static constexpr int cpu_lanes = 32;
  const float* src;
  const float* matrices;
  float* dst;
  int c, src_h, src_w, dst_h, dst_w;
  float scale;
  float mean[kWarpChannels];
  int order[kWarpChannels];

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int j, Lanes<N>) const {
    const int64_t n = row / dst_h;
    const float i = static_cast<float>(row % dst_h);
    const float* a = matrices + n * 6;
    int top[N], left[N];
    float weight[4][N];
    for (int l = 0; l < N; ++l) {
      const float column = static_cast<float>(j + l);
      const float y = bounded(a[0] * i + a[1] * column + a[2]);
      const float x = bounded(a[3] * i + a[4] * column + a[5]);
      const float u = __builtin_floorf(y), v = __builtin_floorf(x);
      top[l] = static_cast<int>(u);
      left[l] = static_cast<int>(v);
      weight[0][l] = hat(y - u) * hat(x - v);
      weight[1][l] = hat(y - u) * hat(x - (v + 1.F));
      weight[2][l] = hat(y - (u + 1.F)) * hat(x - v);
      weight[3][l] = hat(y - (u + 1.F)) * hat(x - (v + 1.F));
    }
    for (int channel = 0; channel < c; ++channel) {
      const float* PHOSPHENE_RESTRICT plane = src + (n * c + order[channel]) * src_h * src_w;
      for (int l = 0; l < N; ++l) {
        float sample = 0.F;
        for (int tap = 0; tap < 4; ++tap) sample += weight[tap][l] * value(plane, top[l] + tap / 2, left[l] + tap % 2);
        dst[(row * dst_w + j + l) * c + channel] = scale * sample - mean[channel];
      }
    }
  }

  PHOSPHENE_HD float value(const float* plane, int u, int v) const {
    if constexpr (kOutside == Outside::reflect) {
      return plane[static_cast<int64_t>(reflected(u, src_h)) * src_w + reflected(v, src_w)];
    } else {
      const bool inside = u >= 0 && u < src_h && v >= 0 && v < src_w;
      return inside ? plane[static_cast<int64_t>(u) * src_w + v] : 0.5F;
    }
  }
};

// The inverse of A's linear part, and how many output rows and columns can lie over one source pixel. Where A is singular or
// shrinks so much that the inverse is useless, every output pixel is a candidate.
struct WarpFootprint {
  float inverse[4];
  float reach_i, reach_j;
  int rows, columns;
  bool all;

  PHOSPHENE_HD WarpFootprint(const float* a, int dst_h, int dst_w) {
    constexpr float kSlack = 0.01F;  // more than the rounding of A^-1 (u, v) for coordinates up to 10^4
    const float determinant = a[0] * a[4] - a[1] * a[3];
    const float size = determinant < 0.F ? -determinant : determinant;
    all = !(size > 1e-6F);
    const float r = all ? 0.F : 1.F / determinant;
    inverse[0] = a[4] * r;
    inverse[1] = -a[1] * r;
    inverse[2] = -a[3] * r;
    inverse[3] = a[0] * r;
    reach_i = magnitude(inverse[0]) + magnitude(inverse[1]) + kSlack;
    reach_j = magnitude(inverse[2]) + magnitude(inverse[3]) + kSlack;
    all = all || !(reach_i < static_cast<float>(dst_h)) || !(reach_j < static_cast<float>(dst_w));
    rows = all ? dst_h : static_cast<int>(2.F * reach_i) + 1;
    columns = all ? dst_w : static_cast<int>(2.F * reach_j) + 1;
  }

  PHOSPHENE_HD static float magnitude(float x) { return x < 0.F ? -x : x; }
};

template <Outside kOutside>
struct WarpImageBackward {
  static constexpr int cpu_lanes = 32;
  const float* grad_dst;
  const float* matrices;
  float* grad_src;
  int c, src_h, src_w, dst_h, dst_w;
  float scale;
  int order[kWarpChannels];

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int v, Lanes<N>) const {
    const int64_t n = row / src_h;
    const int u = static_cast<int>(row % src_h);
    const float* a = matrices + n * 6;
    const WarpFootprint footprint(a, dst_h, dst_w);
    float sum[kWarpChannels][N];
    for (int channel = 0; channel < c; ++channel)
      for (int l = 0; l < N; ++l) sum[channel][l] = 0.F;
    if constexpr (kOutside == Outside::constant) {
      gather<N>(n, a, footprint, u, v, 1, sum);
    } else {
      gather_mirrored<N>(n, a, footprint, u, v, sum);
    }
    for (int channel = 0; channel < c; ++channel) {
      float* PHOSPHENE_RESTRICT out = grad_src + ((n * c + order[channel]) * src_h + u) * src_w + v;
      for (int l = 0; l < N; ++l) out[l] = scale * sum[channel][l];
    }
  }

  // Adds what the outputs around (u, v + direction * l) read there, for each lane l.
  template <int N>
  PHOSPHENE_HD void gather(int64_t n, const float* a, const WarpFootprint& footprint, int u, int v, int direction,
                           float (*sum)[N]) const {
    int first_i[N], first_j[N];
    const float row = static_cast<float>(u);
    for (int l = 0; l < N; ++l) {
      const float dy = row - a[2], dx = static_cast<float>(v + direction * l) - a[5];
      const float i = footprint.inverse[0] * dy + footprint.inverse[1] * dx;
      const float j = footprint.inverse[2] * dy + footprint.inverse[3] * dx;
      first_i[l] = footprint.all ? 0 : static_cast<int>(__builtin_ceilf(bounded(i - footprint.reach_i)));
      first_j[l] = footprint.all ? 0 : static_cast<int>(__builtin_ceilf(bounded(j - footprint.reach_j)));
    }
    for (int di = 0; di < footprint.rows; ++di) {
      for (int dj = 0; dj < footprint.columns; ++dj) {
        float weight[N];
        int at[N];
        for (int l = 0; l < N; ++l) {
          const int i = first_i[l] + di, j = first_j[l] + dj;
          const float fi = static_cast<float>(i), fj = static_cast<float>(j);
          const float y = a[0] * fi + a[1] * fj + a[2];
          const float x = a[3] * fi + a[4] * fj + a[5];
          const bool inside = (i >= 0) & (i < dst_h) & (j >= 0) & (j < dst_w);
          weight[l] = inside ? hat(y - row) * hat(x - static_cast<float>(v + direction * l)) : 0.F;
          at[l] = inside ? (i * dst_w + j) * c : 0;
        }
        const float* PHOSPHENE_RESTRICT image = grad_dst + n * dst_h * dst_w * c;
        for (int channel = 0; channel < c; ++channel)
          for (int l = 0; l < N; ++l) sum[channel][l] += weight[l] * image[at[l] + channel];
      }
    }
  }

  // Every (u', v') that mirrors into (u, v + l) and lies within reach of the output's image under A.
  template <int N>
  PHOSPHENE_HD void gather_mirrored(int64_t n, const float* a, const WarpFootprint& footprint, int u, int v,
                                    float (*sum)[N]) const {
    float low[2], high[2];  // rows, columns of the output's image
    for (int axis = 0; axis < 2; ++axis) {
      const float* r = a + 3 * axis;
      const float down = r[0] * static_cast<float>(dst_h - 1), right = r[1] * static_cast<float>(dst_w - 1);
      low[axis] = bounded(r[2] + smaller(0.F, down) + smaller(0.F, right)) - 1.F;
      high[axis] = bounded(r[2] + larger(0.F, down) + larger(0.F, right)) + 1.F;
    }
    const int period_u = larger(1, 2 * (src_h - 1)), period_v = larger(1, 2 * (src_w - 1));
    for (int mirrored_u = 0; mirrored_u < 2; ++mirrored_u) {
      if (mirrored_u == 1 && (u == 0 || u == src_h - 1)) continue;  // its mirror image is a translate of itself
      const int base_u = mirrored_u == 1 ? -u : u;
      for (int at_u = first_translate(base_u, period_u, low[0]); static_cast<float>(at_u) <= high[0]; at_u += period_u) {
        for (int mirrored_v = 0; mirrored_v < 2; ++mirrored_v) {
          const int direction = mirrored_v == 1 ? -1 : 1;
          const int leftmost = mirrored_v == 1 ? -(v + N - 1) : v;
          for (int at_v = first_translate(leftmost, period_v, low[1] - static_cast<float>(N - 1));
               static_cast<float>(at_v) <= high[1]; at_v += period_v) {
            const int start = mirrored_v == 1 ? at_v + N - 1 : at_v;
            gather_lanes<N>(n, a, footprint, at_u, start, direction, v, mirrored_v == 1, sum);
          }
        }
      }
    }
  }

  // The smallest translate of `base` by multiples of `period` that is >= low.
  PHOSPHENE_HD static int first_translate(int base, int period, float low) {
    return base + static_cast<int>(__builtin_ceilf((low - static_cast<float>(base)) / static_cast<float>(period))) * period;
  }

  // `gather`, leaving out the lanes whose mirror image is a translate of themselves.
  template <int N>
  PHOSPHENE_HD void gather_lanes(int64_t n, const float* a, const WarpFootprint& footprint, int at_u, int start, int direction,
                                 int v, bool mirrored, float (*sum)[N]) const {
    float part[kWarpChannels][N];
    for (int channel = 0; channel < c; ++channel)
      for (int l = 0; l < N; ++l) part[channel][l] = 0.F;
    gather<N>(n, a, footprint, at_u, start, direction, part);
    for (int channel = 0; channel < c; ++channel) {
      for (int l = 0; l < N; ++l) {
        const bool twice = mirrored && (v + l == 0 || v + l == src_w - 1);
        sum[channel][l] += twice ? 0.F : part[channel][l];
      }
    }
  }
};

}  // namespace phosphene
