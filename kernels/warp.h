// One affine warp per image, fused with the network's preprocessing; planar image in, channels_last network input out.
//
// Output pixel (i, j) reads (y, x) = A (i, j, 1), A a row-major 2 x 3 matrix, by the four bilinear taps around it:
//   sample[c] = sum over taps (u, v) of hat(y - u) hat(x - v) value(c, u, v),   hat(t) = max(0, 1 - |t|)
//   dst[i, j, c] = scale[c] * sample[order[c]] - mean[c]
// A tap outside reads .5 (constant), or its mirror image without repeating the edge (reflect).
// Backward is the exact transpose as a gather: grad_src[order[c], u, v] = scale[c] * sum over (i, j) of hat hat grad_dst[i, j, c],
// over the output pixels whose image under A lies within one pixel of (u, v): those inside the parallelogram A^-1 ((u, v) +- 1).
// For reflect, every position that mirrors into (u, v) is visited too. Rows are (n, i) or (n, u); overwrites.
// Two accesses per number either way; forward about 30 FLOPs per pixel and 9 per number, backward, where A is close to a rotation,
// 9 candidates of about 15 FLOPs per pixel and 2 per number. Where it rotates by a small angle only, neighbours on the CPU share the
// rows that they read, and backward their candidates: 2 to 3 columns in 4 to 5 rows for 16 of them.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"
#include "kernels/vector_cpu.h"

namespace phosphene {

PHOSPHENE_HD float magnitude(float t) { return __builtin_fabsf(t); }

template <class T>
PHOSPHENE_HD T hat(T t) {
  return larger(T{}, 1.F - magnitude(t));
}

// Coordinates further out than this give the same taps; the bound keeps the conversion to int defined, for NaN too.
inline constexpr double kFarOutside = 1.0e6;

PHOSPHENE_HD double bounded(double coordinate) { return smaller(larger(coordinate, -kFarOutside), kFarOutside); }

// Where output pixel (i, j) reads along one axis; `a` is the row of A for it. In double: between which two pixels of a large image
// a tap lies is more than a float can tell. The fused operations are spelt out, so that every width agrees to the bit.
PHOSPHENE_HD double read_at(const double* a, double i, double j) {
  return __builtin_fma(a[1], j, __builtin_fma(a[0], i, a[2]));
}

// The coordinate in [0, size) that `u` mirrors into. Exact for whole |u| <= kFarOutside: (u + 1/2) / period is further from any
// integer than it is rounded.
struct Mirror {
  float period, per_period;

  PHOSPHENE_HD explicit Mirror(int size)
      : period(static_cast<float>(larger(1, 2 * (size - 1)))), per_period(1.F / period) {}
  PHOSPHENE_HD float operator()(float u) const {
    const float m = u - period * __builtin_floorf((u + 0.5F) * per_period);
    return smaller(m, period - m);
  }
};

template <Outside kOutside, class Storage>
struct WarpImage {
  static constexpr int cpu_lanes = 16;
  static constexpr bool cpu_may_repeat = true;
  const float* src;
  const double* matrices;
  Storage* dst;
  int c, src_h, src_w, dst_h, dst_w;
  float scale[kWarpChannels];
  float mean[kWarpChannels];
  int order[kWarpChannels];

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int j, Lanes<N>) const {
    const int64_t n = row / dst_h;
    const double i = static_cast<double>(row % dst_h);
    Storage* PHOSPHENE_RESTRICT out = dst + (row * dst_w + j) * c;
#ifdef PHOSPHENE_CPU_PICKS
    if constexpr (N % kVectorised == 0) {
      bool written = c == 3;
      for (int l = 0; written && l < N; l += kVectorised) written = write_rows(n, i, j + l, out + 3 * l);
      if (written) return;
    }
#endif
    write_each<N>(n, i, j, out);
  }

  template <int N>
  PHOSPHENE_CPU_APART void write_each(int64_t n, double i, int j, Storage* PHOSPHENE_RESTRICT out) const {
    const double* a = matrices + n * 6;
    float top[N], left[N], below[N], right[N];  // whole pixels, and what is left of them
    for (int l = 0; l < N; ++l) {
      const double y = bounded(read_at(a, i, j + l)), x = bounded(read_at(a + 3, i, j + l));
      const double u = __builtin_floor(y), v = __builtin_floor(x);
      top[l] = static_cast<float>(u);
      left[l] = static_cast<float>(v);
      below[l] = static_cast<float>(y - u);
      right[l] = static_cast<float>(x - v);
    }
    int at[4][N];
    float weight[4][N], outside[N];
    find_taps<N>(top, left, below, right, at, weight, outside);
    if (c == 3) {
      write<3, N>(n, at, weight, outside, out);
    } else {
      write<0, N>(n, at, weight, outside, out);
    }
  }

  // The four taps of each lane: where they lie in a plane, their weights, and what the taps outside add.
  template <int N>
  PHOSPHENE_HD void find_taps(const float (&top)[N], const float (&left)[N], const float (&below)[N],
                              const float (&right)[N], int (&at)[4][N], float (&weight)[4][N],
                              float (&outside)[N]) const {
    const Mirror mirror_y(src_h), mirror_x(src_w);
    for (int l = 0; l < N; ++l) outside[l] = 0.F;
    for (int tap = 0; tap < 4; ++tap) {
      const float lower = tap < 2 ? 0.F : 1.F, farther = tap % 2 == 0 ? 0.F : 1.F;
      for (int l = 0; l < N; ++l) {
        float u = top[l] + lower, v = left[l] + farther;
        const float w = hat(below[l] - lower) * hat(right[l] - farther);
        if constexpr (kOutside == Outside::reflect) {
          u = mirror_y(u);
          v = mirror_x(v);
          weight[tap][l] = w;
          at[tap][l] = static_cast<int>(u) * src_w + static_cast<int>(v);
        } else {
          const int iu = static_cast<int>(u), iv = static_cast<int>(v);
          const bool inside = (iu >= 0) & (iu < src_h) & (iv >= 0) & (iv < src_w);
          weight[tap][l] = inside ? w : 0.F;
          outside[l] += inside ? 0.F : 0.5F * w;
          at[tap][l] = inside ? iu * src_w + iv : 0;
        }
      }
    }
  }

  // kChannels: 3, or 0 for any number.
  template <int kChannels, int N>
  PHOSPHENE_HD void write(int64_t n, const int (&at)[4][N], const float (&weight)[4][N], const float (&outside)[N],
                          Storage* PHOSPHENE_RESTRICT out) const {
    const int channels = kChannels > 0 ? kChannels : c;
    const float* planes = src + n * c * src_h * src_w;
    const int64_t plane = static_cast<int64_t>(src_h) * src_w;
    for (int l = 0; l < N; ++l) {
      for (int channel = 0; channel < channels; ++channel) {
        const float* PHOSPHENE_RESTRICT from = planes + order[channel] * plane;
        float sample = outside[l];
        for (int tap = 0; tap < 4; ++tap) sample = fused(weight[tap][l], from[at[tap][l]], sample);
        narrow(fused(scale[channel], sample, -mean[channel]), out[l * channels + channel]);
      }
    }
  }

#ifdef PHOSPHENE_CPU_PICKS
  // The rows and columns that the taps of kVectorised neighbours lie in. The first and the last of them tell: rounding leaves
  // coordinates monotone.
  struct Window {
    int top, bottom, left, right;
    bool fits, inside;

    PHOSPHENE_HD Window(const WarpImage& warp, const double* a, double i, int j) {
      constexpr int kMaxApart = kVectorised / 2;  // rows further apart take longer row by row than pixel by pixel
      const double y[2] = {read_at(a, i, j), read_at(a, i, j + kVectorised - 1)};
      const double x[2] = {read_at(a + 3, i, j), read_at(a + 3, i, j + kVectorised - 1)};
      const double up = bounded(smaller(y[0], y[1])), down = bounded(larger(y[0], y[1]));
      const double nearest = bounded(smaller(x[0], x[1])), farthest = bounded(larger(x[0], x[1]));
      top = static_cast<int>(__builtin_floor(up));
      bottom = static_cast<int>(__builtin_floor(down)) + 1;
      left = static_cast<int>(__builtin_floor(nearest));
      right = static_cast<int>(__builtin_floor(farthest)) + 1;
      inside = top >= 0 && bottom < warp.src_h && left >= 0 && right < warp.src_w;
      fits = up > -kFarOutside && down < kFarOutside && nearest > -kFarOutside && farthest < kFarOutside &&
             bottom - top <= kMaxApart + 1 && right - left < 2 * kVectorised && warp.src_w >= 2 * kVectorised;
    }
  };

  // Three channels of kVectorised neighbours that read few rows and columns: each row is read once, and each lane picks its taps
  // there. The sums are those of `write`, in its order: a row that is not a lane's has the weight 0 (so a number that is not finite
  // reaches neighbours too). False, and nothing done, where that does not pay, and for taps outside that are mirrored.
  PHOSPHENE_HD bool write_rows(int64_t n, double i, int j, Storage* PHOSPHENE_RESTRICT out) const {
    const double* a = matrices + n * 6;
    const Window window(*this, a, i, j);
    if (!window.fits || (kOutside == Outside::reflect && !window.inside)) return false;
    const int first_column = smaller(larger(window.left, 0), src_w - 2 * kVectorised);
    float top[kVectorised], below[kVectorised], right[kVectorised];
    int32_t left[kVectorised];
    for (int l = 0; l < kVectorised; ++l) {
      const double y = read_at(a, i, j + l), x = read_at(a + 3, i, j + l);
      const double u = __builtin_floor(y), v = __builtin_floor(x);
      top[l] = static_cast<float>(u);
      left[l] = static_cast<int32_t>(v);
      below[l] = static_cast<float>(y - u);
      right[l] = static_cast<float>(x - v);
    }
    const Indices column = indices_at(left);
    Floats near = hat(floats_at(right)), far = hat(floats_at(right) - 1.F), outside{};
    if (!window.inside) outside = take_outside(window, floats_at(top), floats_at(below), column, near, far);
    Floats sample[3] = {outside, outside, outside};
    const int64_t plane = static_cast<int64_t>(src_h) * src_w;
    const float* image = src + n * 3 * plane + first_column;
    for (int row = larger(window.top, 0); row <= smaller(window.bottom, src_h - 1); ++row) {
      const Floats weight = hat(floats_at(below) + (floats_at(top) - static_cast<float>(row)));
      const Floats near_weight = weight * near, far_weight = weight * far;
      for (int channel = 0; channel < 3; ++channel) {
        const float* from = image + order[channel] * plane + static_cast<int64_t>(row) * src_w;
        Floats first = floats_at(from), second = floats_at(from + kVectorised);
        keep(first);
        keep(second);
        sample[channel] = fused(near_weight, pick(first, second, column - first_column), sample[channel]);
        sample[channel] = fused(far_weight, pick(first, second, column - first_column + 1), sample[channel]);
      }
    }
    for (int channel = 0; channel < 3; ++channel)
      sample[channel] = fused(Floats{} + scale[channel], sample[channel], Floats{} - mean[channel]);
    arrange(kTriples.together, sample);
    for (int part = 0; part < 3; ++part) put(sample[part], out + part * kVectorised);
    return true;
  }

  // What taps outside add; the weights of columns outside become 0.
  PHOSPHENE_HD Floats take_outside(const Window& window, Floats top, Floats below, Indices column, Floats& near,
                                   Floats& far) const {
    const Floats all_near = near, all_far = far;
    near = (column >= 0) & (column < src_w) ? near : Floats{};
    far = (column >= -1) & (column < src_w - 1) ? far : Floats{};
    Floats outside{};
    for (int row = window.top; row <= window.bottom; ++row) {
      const Floats weight = hat(below + (top - static_cast<float>(row)));
      const bool inside = row >= 0 && row < src_h;
      outside += 0.5F * (weight * (inside ? all_near - near : all_near));
      outside += 0.5F * (weight * (inside ? all_far - far : all_far));
    }
    return outside;
  }
#endif
};

// The inverse of A's linear part, and how many output rows and columns can lie over one source pixel. Where A is singular or
// shrinks so much that the inverse is useless, every output pixel is a candidate.
struct WarpFootprint {
  double inverse[4];
  double reach_i, reach_j;
  int rows, columns;
  bool all;

  PHOSPHENE_HD WarpFootprint(const double* a, int dst_h, int dst_w) {
    constexpr double kSlack = 0.01;  // more than what the forward's rounding of y and x can move a pixel
    const double determinant = __builtin_fma(a[0], a[4], -(a[1] * a[3]));
    all = !(magnitude(determinant) > 1e-6);
    const double r = 1. / determinant;
    inverse[0] = a[4] * r;
    inverse[1] = -a[1] * r;
    inverse[2] = -a[3] * r;
    inverse[3] = a[0] * r;
    reach_i = (magnitude(inverse[0]) + magnitude(inverse[1])) * (1. + kSlack);
    reach_j = (magnitude(inverse[2]) + magnitude(inverse[3])) * (1. + kSlack);
    all = all || !(reach_i < dst_h) || !(reach_j < dst_w);
    if (all) inverse[0] = inverse[1] = inverse[2] = inverse[3] = reach_i = reach_j = 0.;
    rows = all ? dst_h : static_cast<int>(2. * reach_i) + 1;
    columns = all ? dst_w : static_cast<int>(2. * reach_j) + 1;
  }

  // The least coordinate of an output pixel that can read at (u, v), before rounding up.
  PHOSPHENE_HD double first_i(const double* a, double u, double v) const {
    return __builtin_fma(inverse[1], v - a[5], __builtin_fma(inverse[0], u - a[2], -reach_i));
  }
  PHOSPHENE_HD double first_j(const double* a, double u, double v) const {
    return __builtin_fma(inverse[3], v - a[5], __builtin_fma(inverse[2], u - a[2], -reach_j));
  }

  PHOSPHENE_HD static double magnitude(double x) { return x < 0. ? -x : x; }
};

template <Outside kOutside, class Storage>
struct WarpImageBackward {
  static constexpr int cpu_lanes = 16;
  static constexpr bool cpu_may_repeat = true;
  const Storage* grad_dst;
  const double* matrices;
  float* grad_src;
  int c, src_h, src_w, dst_h, dst_w;
  float scale[kWarpChannels];
  int order[kWarpChannels];

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int v, Lanes<N>) const {
    if (c == 3) {
      write<3, N>(row, v);
    } else {
      write<0, N>(row, v);
    }
  }

  // kChannels: 3, or 0 for any number.
  template <int kChannels, int N>
  PHOSPHENE_HD void write(int64_t row, int v) const {
    constexpr int kMax = kChannels > 0 ? kChannels : kWarpChannels;
    const int64_t n = row / src_h;
    const int u = static_cast<int>(row % src_h);
    const double* a = matrices + n * 6;
    float sum[kMax][N];
    for (int channel = 0; channel < kMax; ++channel)
      for (int l = 0; l < N; ++l) sum[channel][l] = 0.F;
    if constexpr (kOutside == Outside::constant) {
      gather_neighbours<kChannels, N>(n, WarpFootprint(a, dst_h, dst_w), static_cast<float>(u), v, sum);
    } else {
      gather_mirrored<kChannels, N>(n, WarpFootprint(a, dst_h, dst_w), u, v, sum);
    }
    for (int channel = 0; channel < kMax; ++channel) {
      if (kChannels == 0 && channel >= c) continue;  // so written, `sum` stays in a GPU's registers
      float* PHOSPHENE_RESTRICT out = grad_src + ((n * c + order[channel]) * src_h + u) * src_w + v;
      for (int l = 0; l < N; ++l) out[l] = scale[channel] * sum[channel][l];
    }
  }

  // The same for (row, column + l).
  template <int kChannels, int N>
  PHOSPHENE_HD void gather_neighbours(int64_t n, const WarpFootprint& footprint, float row, int column,
                                      float (*sum)[N]) const {
#ifdef PHOSPHENE_CPU_PICKS
    if constexpr (kChannels == 3 && N % kVectorised == 0) {
      float total[3][N];
      bool added = true;
      for (int l = 0; added && l < N; l += kVectorised)
        added = gather_rows<N>(n, footprint, row, static_cast<float>(column + l), sum, l, total);
      if (added) {
        for (int channel = 0; channel < 3; ++channel) store_each(sum[channel], total[channel]);
        return;
      }
    }
#endif
    float columns[N];
    for (int l = 0; l < N; ++l) columns[l] = static_cast<float>(column + l);
    gather<kChannels, N>(n, footprint, row, columns, sum);
  }

  // Adds what the outputs of image n read at (row, columns[l]), for each lane l.
  template <int kChannels, int N>
  PHOSPHENE_CPU_APART void gather(int64_t n, const WarpFootprint& footprint, float row, const float (&columns)[N],
                                  float (*sum)[N]) const {
    int first_i[N], first_j[N];
    float y[N], x[N];
    for (int l = 0; l < N; ++l) find_first(n, footprint, row, columns[l], first_i[l], first_j[l]);
    int some = 0, outside = 0;  // lanes with candidates, and with such that lie outside the output
    for (int l = 0; l < N; ++l) {
      some += (first_i[l] > -footprint.rows) & (first_i[l] < dst_h) & (first_j[l] > -footprint.columns) &
              (first_j[l] < dst_w);
      outside += (first_i[l] < 0) | (first_i[l] > dst_h - footprint.rows) | (first_j[l] < 0) |
                 (first_j[l] > dst_w - footprint.columns);
    }
    if (some == 0) return;
    for (int l = 0; l < N; ++l) read_from(n, first_i[l], first_j[l], row, columns[l], y[l], x[l]);
    if (outside == 0) {
      add<true, kChannels, N>(n, footprint, first_i, first_j, y, x, sum);
    } else {
      add<false, kChannels, N>(n, footprint, first_i, first_j, y, x, sum);
    }
  }

  // The first candidate for (row, column).
  PHOSPHENE_HD void find_first(int64_t n, const WarpFootprint& footprint, float row, float column, int& i,
                               int& j) const {
    const double* a = matrices + n * 6;
    const double u = static_cast<double>(row), v = static_cast<double>(column);
    i = first_candidate(footprint.first_i(a, u, v), footprint.rows, dst_h);
    j = first_candidate(footprint.first_j(a, u, v), footprint.columns, dst_w);
  }

  // Where pixel (i, j) reads, counted from (row, column). Of a first candidate within its reach, so a few pixels, unless `all`.
  PHOSPHENE_HD void read_from(int64_t n, int i, int j, float row, float column, float& y, float& x) const {
    const double* a = matrices + n * 6;
    y = static_cast<float>(read_at(a, i, j) - static_cast<double>(row));
    x = static_cast<float>(read_at(a + 3, i, j) - static_cast<double>(column));
  }

  // The smallest whole number not below `from`; if none of the `count` from there on lies in [0, size), one near that has none.
  PHOSPHENE_HD static int first_candidate(double from, int count, int size) {
    const double above = larger(from, static_cast<double>(-count));
    return static_cast<int>(__builtin_ceil(smaller(above, static_cast<double>(size))));
  }

  // Candidates are weighed a block at a time, all lanes together; then each lane adds its block. kInside: all of them lie inside.
  template <bool kInside, int kChannels, int N>
  PHOSPHENE_HD void add(int64_t n, const WarpFootprint& footprint, const int (&first_i)[N], const int (&first_j)[N],
                        const float (&y)[N], const float (&x)[N], float (*sum)[N]) const {
    constexpr int kMax = kChannels > 0 ? kChannels : kWarpChannels;
    constexpr int kBlock = N > 4 ? 9 : 1;  // a GPU has no room for a block
    const int channels = kChannels > 0 ? kChannels : c;
    const Storage* PHOSPHENE_RESTRICT image = grad_dst + n * dst_h * dst_w * c;
    const double* a = matrices + n * 6;
    const float down[2] = {static_cast<float>(a[0]), static_cast<float>(a[3])};
    const float right[2] = {static_cast<float>(a[1]), static_cast<float>(a[4])};
    const int candidates = footprint.rows * footprint.columns;
    for (int start = 0, di = 0, dj = 0; start < candidates; start += kBlock) {
      const int block = smaller(kBlock, candidates - start);
      float weight[kBlock][N];
      int at[kBlock][N];
      for (int k = 0; k < block; ++k) {
        const float i_offset = static_cast<float>(di), j_offset = static_cast<float>(dj);
        for (int l = 0; l < N; ++l) {
          const int i = first_i[l] + di, j = first_j[l] + dj;
          const float w = hat(fused(right[0], j_offset, fused(down[0], i_offset, y[l]))) *
                          hat(fused(right[1], j_offset, fused(down[1], i_offset, x[l])));
          const bool inside = kInside || ((i >= 0) & (i < dst_h) & (j >= 0) & (j < dst_w));
          weight[k][l] = inside ? w : 0.F;
          at[k][l] = inside ? (i * dst_w + j) * channels : 0;
        }
        dj = dj + 1 == footprint.columns ? 0 : dj + 1;
        di += dj == 0 ? 1 : 0;
      }
      for (int l = 0; l < N; ++l) {
        float total[kMax];  // the compiler does not know that what it reads is not `sum`
        for (int channel = 0; channel < kMax; ++channel) total[channel] = sum[channel][l];
        for (int k = 0; k < block; ++k) {
          const Storage* PHOSPHENE_RESTRICT pixel = image + at[k][l];
          for (int channel = 0; channel < kMax; ++channel) {
            if (kChannels == 0 && channel >= c) continue;
            total[channel] = fused(weight[k][l], widen(pixel[channel]), total[channel]);
          }
        }
        for (int channel = 0; channel < kMax; ++channel) sum[channel][l] = total[channel];
      }
    }
  }

#ifdef PHOSPHENE_CPU_PICKS
  // The candidates of kVectorised neighbours from (row, column) on: rows, and in each of them the j such that pixel (i, j + l) may read
  // near the l-th. It does so at a[4] j + (a[4] - 1) l + offset(i) columns from there.
  struct Candidates {
    int first_row, end_row;
    double offset_0, per_row, per_column, drift_low, drift_high;
    bool few;

    PHOSPHENE_HD Candidates(const WarpFootprint& footprint, const double* a, float row, float column, int dst_h) {
      constexpr int kLast = kVectorised - 1;
      const double i[2] = {footprint.first_i(a, row, column), footprint.first_i(a, row, column + kLast)};
      const double low = smaller(i[0], i[1]), high = larger(i[0], i[1]) + 2. * footprint.reach_i;
      first_row = static_cast<int>(__builtin_ceil(smaller(larger(low, 0.), static_cast<double>(dst_h))));
      end_row = static_cast<int>(__builtin_floor(smaller(larger(high, -1.), dst_h - 1.))) + 1;
      const double drift = (a[4] - 1.) * kLast;
      offset_0 = a[5] - static_cast<double>(column);
      per_row = a[3];
      per_column = 1. / a[4];
      drift_low = smaller(0., drift);
      drift_high = larger(0., drift);
      const double all = (end_row - first_row) * ((2. + drift_high - drift_low) * per_column + 1.);
      few = !footprint.all && a[4] > 0. && all <= 4. * footprint.rows * footprint.columns;
    }

    // The first and the last candidate in row i, as far as any neighbour's lies in the output.
    PHOSPHENE_HD void columns(int i, int dst_w, int& first, int& last) const {
      constexpr double kReach = 1.01;  // more than 1 by what rounding may move a pixel
      const double offset = __builtin_fma(per_row, i, offset_0);
      const double low = (-kReach - offset - drift_high) * per_column,
                   high = (kReach - offset - drift_low) * per_column;
      first = static_cast<int>(__builtin_ceil(smaller(larger(low, 1. - kVectorised), static_cast<double>(dst_w))));
      last = static_cast<int>(__builtin_floor(smaller(larger(high, -1. - kVectorised), dst_w - 1.)));
    }
  };

  // `gather` for three channels of kVectorised neighbours that share their candidates: each is weighed for all of them, and what
  // they read lies together. The sums are those of `add`, in its order: a candidate that is not a lane's has the weight 0 (so a
  // number that is not finite reaches neighbours too). `sum` and what is gathered go to `total`, from `lane` on. False, with nothing
  // of use there, where that does not pay or would read beyond the image.
  template <int N>
  PHOSPHENE_HD bool gather_rows(int64_t n, const WarpFootprint& footprint, float row, float column,
                                const float (*sum)[N], int lane, float (*total)[N]) const {
    const double* a = matrices + n * 6;
    const Candidates candidates(footprint, a, row, column, dst_h);
    if (!candidates.few) return false;
    int first_i[kVectorised], first_j[kVectorised];
    float y[kVectorised], x[kVectorised];
    for (int l = 0; l < kVectorised; ++l) {
      const float own = column + static_cast<float>(l);
      find_first(n, footprint, row, own, first_i[l], first_j[l]);
      read_from(n, first_i[l], first_j[l], row, own, y[l], x[l]);
    }
    const Indices lanes = indices_at(kTriples.lane);
    const Floats i_0 = __builtin_convertvector(indices_at(first_i), Floats);
    const Floats j_0 = __builtin_convertvector(indices_at(first_j) - lanes, Floats);
    Indices triple[3];
    Floats sums[3];
    for (int part = 0; part < 3; ++part) {
      triple[part] = indices_at(kTriples.triple[part]);
      keep(triple[part]);
      sums[part] = floats_at(sum[part] + lane);
    }
    if (kOutside == Outside::reflect) arrange(kTriples.together, sums);  // for `constant` they are 0
    const Floats down[2] = {Floats{} + static_cast<float>(a[0]), Floats{} + static_cast<float>(a[3])};
    const Floats right[2] = {Floats{} + static_cast<float>(a[1]), Floats{} + static_cast<float>(a[4])};
    for (int i = candidates.first_row; i < candidates.end_row; ++i) {
      int first, last;
      candidates.columns(i, dst_w, first, last);
      if (i * dst_w + first < 0 || i * dst_w + last + kVectorised > dst_h * dst_w) return false;
      const bool inside = first >= 0 && last + kVectorised <= dst_w;
      const Storage* PHOSPHENE_RESTRICT line = grad_dst + (n * dst_h + i) * dst_w * 3;
      const Floats di = static_cast<float>(i) - i_0;
      const Floats y_i = fused(down[0], di, floats_at(y)), x_i = fused(down[1], di, floats_at(x));
      Floats dj = static_cast<float>(first) - j_0;
      for (int j = first; j <= last; ++j, dj += 1.F) {
        Floats weight = hat(fused(right[0], dj, y_i)) * hat(fused(right[1], dj, x_i));
        if (!inside) weight = (lanes + j >= 0) & (lanes + j < dst_w) ? weight : Floats{};
        for (int part = 0; part < 3; ++part)
          sums[part] = fused(pick(weight, triple[part]), floats_at(line + 3 * j + part * kVectorised), sums[part]);
      }
    }
    arrange(kTriples.apart, sums);
    for (int channel = 0; channel < 3; ++channel) put(sums[channel], total[channel] + lane);
    return true;
  }
#endif

  // The same over every position that mirrors into (u, v + l) and lies within reach of the output's image under A.
  template <int kChannels, int N>
  PHOSPHENE_HD void gather_mirrored(int64_t n, const WarpFootprint& footprint, int u, int v, float (*sum)[N]) const {
    float low[2], high[2];  // rows, columns of the output's image
    for (int axis = 0; axis < 2; ++axis) {
      const double* r = matrices + n * 6 + 3 * axis;
      const double down = r[0] * (dst_h - 1), right = r[1] * (dst_w - 1);
      low[axis] = static_cast<float>(bounded(r[2] + smaller(0., down) + smaller(0., right))) - 2.F;
      high[axis] = static_cast<float>(bounded(r[2] + larger(0., down) + larger(0., right))) + 2.F;
    }
    const int period_u = larger(1, 2 * (src_h - 1)), period_v = larger(1, 2 * (src_w - 1));
    for (int mirrored_u = 0; mirrored_u < 2; ++mirrored_u) {
      if (mirrored_u == 1 && on_an_edge(u, src_h)) continue;
      for (int at_u = first_translate(mirrored_u == 1 ? -u : u, period_u, low[0]); static_cast<float>(at_u) <= high[0];
           at_u += period_u) {
        for (int mirrored_v = 0; mirrored_v < 2; ++mirrored_v) {
          const int leftmost = mirrored_v == 1 ? -(v + N - 1) : v;
          for (int at_v = first_translate(leftmost, period_v, low[1] - static_cast<float>(N - 1));
               static_cast<float>(at_v) <= high[1]; at_v += period_v) {
            if (mirrored_v == 0) {
              gather_neighbours<kChannels, N>(n, footprint, static_cast<float>(at_u), at_v, sum);
              continue;
            }
            float columns[N];
            for (int l = 0; l < N; ++l) {
              const bool again = on_an_edge(v + l, src_w);
              columns[l] = again ? 2.F * static_cast<float>(kFarOutside) : static_cast<float>(at_v + N - 1 - l);
            }
            gather<kChannels, N>(n, footprint, static_cast<float>(at_u), columns, sum);
          }
        }
      }
    }
  }

  // Its mirror image is a translate of itself, which has been visited.
  PHOSPHENE_HD static bool on_an_edge(int position, int size) { return position == 0 || position == size - 1; }

  // The smallest translate of `base` by multiples of `period` that is >= low.
  PHOSPHENE_HD static int first_translate(int base, int period, float low) {
    return base +
           static_cast<int>(__builtin_ceilf((low - static_cast<float>(base)) / static_cast<float>(period))) * period;
  }
};

}  // namespace phosphene
