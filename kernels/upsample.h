// A tensor of low resolution enlarged to images, bilinear along columns, rows and images of a group, as TensorFlow 1
// resized: element t of `out` reads element t in / out of `in`, its lower tap the floor, its upper the next or the
// last. Level and image are planar:
//   dst[n, c, y, x] = sum over the taps of the three axes of weight(n) weight(y) weight(x) src[...]
// Each group of `images.out` images has `images.in` tensors of its own. With an offset the enlarged axis is padded in
// front by so many elements, mirrored with the edge repeated, and cut back: element t then stands where t - offset
// stood (Lucid's lowres_tensor).
// The gradient is the transpose in two passes of gathers: columns into the workspace (N x C x H x w), then rows and
// images. Of an axis, the elements that read tap k are t in (k - 1, k + 1) out / in, and those mirrored from them.
// Forward: rows (n, c, y), 8 bytes and about 14 FLOPs per element. Backward: rows (n, c, y), then rows (tensor, c, y)
// of the level; about 8 bytes and 2 FLOPs per element and pass. All overwrite. Source: A. Mordvintsev et al.,
// "Differentiable Image Parameterizations", Distill 2018, section "Aligned Feature Visualization Interpolation".
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

// Who reads what along an axis.
struct AxisReads : UpsampledAxis {
  struct Taps {
    int lower, upper;
    float weight;  // of the upper
  };
  // Where element t of the result reads.
  PHOSPHENE_HD Taps taps(int t) const {
    const int source = (t < offset ? offset - 1 - t : t - offset) * in;
    const int lower = source / out;
    return {lower, lower + 1 < in ? lower + 1 : lower,
            static_cast<float>(source - lower * out) / static_cast<float>(out)};
  }
  // What element u of the enlarged axis, before padding, takes of tap k.
  PHOSPHENE_HD float weight(int u, int k) const {
    const int distance = u * in - k * out;  // over out
    if (distance >= 0 && k == in - 1) return 1.F;
    return 1.F - __builtin_fabsf(static_cast<float>(distance) / static_cast<float>(out));
  }
  // The elements of the enlarged axis, before padding, that read tap k.
  PHOSPHENE_HD int first(int k) const { return k == 0 ? 0 : (k - 1) * out / in + 1; }
  PHOSPHENE_HD int end(int k) const { return smaller(((k + 1) * out + in - 1) / in, out); }
  // Which elements of the result are element u of the enlarged axis: this one where it lies inside, and that one where
  // it is not negative.
  PHOSPHENE_HD int shifted(int u) const { return u + offset; }
  PHOSPHENE_HD int mirrored(int u) const { return offset - 1 - u; }
};

struct Upsample {
  static constexpr int cpu_lanes = 1;
  const float* src;
  float* dst;
  AxisReads images, rows, columns;
  int c;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t plane = static_cast<int64_t>(rows.in) * columns.in;
    const int64_t n = row / rows.out / c;
    const int64_t channel = row / rows.out - n * c;
    const AxisReads::Taps image = images.taps(static_cast<int>(n % images.out));
    const AxisReads::Taps y = rows.taps(static_cast<int>(row % rows.out));
    const float* PHOSPHENE_RESTRICT group = src + (n / images.out * images.in * c + channel) * plane;
    const float* PHOSPHENE_RESTRICT a = group + image.lower * c * plane;
    const float* PHOSPHENE_RESTRICT b = group + image.upper * c * plane;
    const int64_t lower = static_cast<int64_t>(y.lower) * columns.in,
                  upper = static_cast<int64_t>(y.upper) * columns.in;
    float* PHOSPHENE_RESTRICT out = dst + row * columns.out;
    for (int l = i; l < i + N; ++l) {
      const AxisReads::Taps x = columns.taps(l);
      const auto along = [&x](const float* of) { return fused(x.weight, of[x.upper] - of[x.lower], of[x.lower]); };
      const float a0 = along(a + lower), a1 = along(a + upper), b0 = along(b + lower), b1 = along(b + upper);
      const float first = fused(y.weight, a1 - a0, a0), second = fused(y.weight, b1 - b0, b0);
      out[l] = fused(image.weight, second - first, first);
    }
  }
};

struct UpsampleBackwardColumns {
  static constexpr int cpu_lanes = 1;
  const float* grad_dst;
  float* sums;
  AxisReads columns;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT g = grad_dst + row * columns.out;
    for (int l = i; l < i + N; ++l) {
      const int end = columns.end(l);
      float sum = 0.F;
      for (int u = columns.first(l); u < end; ++u) {
        const float weight = columns.weight(u, l);
        const int here = columns.shifted(u), mirrored = columns.mirrored(u);
        if (here < columns.out) sum = fused(weight, g[here], sum);
        if (mirrored >= 0) sum = fused(weight, g[mirrored], sum);
      }
      sums[row * columns.in + l] = sum;
    }
  }
};

struct UpsampleBackwardRows {
  static constexpr int cpu_lanes = 8;
  const float* sums;
  float* grad_src;
  AxisReads images, rows;
  int c, w;  // w: columns of the level

  template <int N>
  PHOSPHENE_HD void add(int64_t n, int64_t channel, int y, int i, float weight, float (&total)[N]) const {
    const float* PHOSPHENE_RESTRICT x = sums + ((n * c + channel) * rows.out + y) * w + i;
    for (int l = 0; l < N; ++l) total[l] = fused(weight, x[l], total[l]);
  }

  // The rows of one image that read tap k.
  template <int N>
  PHOSPHENE_HD void gather(int64_t n, int64_t channel, int k, int i, float weight, float (&total)[N]) const {
    const int end = rows.end(k);
    for (int u = rows.first(k); u < end; ++u) {
      const float of_row = weight * rows.weight(u, k);
      if (rows.shifted(u) < rows.out) add<N>(n, channel, rows.shifted(u), i, of_row, total);
      if (rows.mirrored(u) >= 0) add<N>(n, channel, rows.mirrored(u), i, of_row, total);
    }
  }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int k = static_cast<int>(row % rows.in);
    const int64_t tensor = row / rows.in / c;
    const int64_t channel = row / rows.in - tensor * c, first = tensor / images.in * images.out;
    const int of_group = static_cast<int>(tensor % images.in), end = images.end(of_group);
    float total[N] = {};
    for (int u = images.first(of_group); u < end; ++u) {
      const float weight = images.weight(u, of_group);
      if (images.shifted(u) < images.out) gather<N>(first + images.shifted(u), channel, k, i, weight, total);
      if (images.mirrored(u) >= 0) gather<N>(first + images.mirrored(u), channel, k, i, weight, total);
    }
    float* PHOSPHENE_RESTRICT out = grad_src + row * w + i;
    for (int l = 0; l < N; ++l) out[l] = total[l];
  }
};

}  // namespace phosphene
