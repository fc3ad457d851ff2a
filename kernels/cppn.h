// A compositional pattern-producing network (K. Stanley, "Compositional Pattern Producing Networks", 2007; as an image
// parameterization: A. Mordvintsev et al., "Differentiable Image Parameterizations", Distill 2018): a small network
// from the coordinates of a pixel to its colour, whose weights are the parameter. One layer, per image n and pixel p:
//   z[k, p] = bias[k] + sum over i of w[k, i] input[i, p]      a = atan z, or z itself in the last layer
//   the inputs of the first layer are the coordinates; of any other, with a its source, the 2 c numbers
//   a[j] / .67 and (a[j]^2 - shift) / divisor:  composite shift 0, divisor .6; unbiased .45 and .396
// Gradients, e = d/dz:  e = grad_a cos(a)^2 (since 1 / (1 + z^2) = cos^2 a), or grad_a itself in the last layer
//   d/dbias[k] = sum over p of e[k, p]      d/dw[k, i] = sum over p of e[k, p] input[i, p]
//   d/da[j, p] = sum over k of e[k, p] (w[k, j] / .67 + w[k, c + j] 2 a[j, p] / divisor)
// Weights of an image are k rows of inputs + 1 numbers, the bias last. Values are planar; rows are (n, channel),
// elements pixels; tiles of the gradient of the weights are (n, k, source channel or bias). All overwrite. A layer of
// 24 channels: 4 FLOPs per source channel and element forward, as many for each gradient; 4 bytes per element and as
// many for the sources, from a cache.
#pragma once

#include "kernels/angles.h"
#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

inline constexpr float kCppnLinear = 0.67F;

// The numbers that a layer makes of each of the one before.
PHOSPHENE_HD float cppn_linear(float a) { return a / kCppnLinear; }
PHOSPHENE_HD float cppn_squared(const CppnInputs& inputs, float a) { return (a * a - inputs.shift) / inputs.divisor; }

// kFirst: the source is two planes of coordinates, the same for every image. kLast: no arc tangent.
template <bool kFirst, bool kLast>
struct CppnLayer {
  static constexpr int cpu_lanes = 16;
  const float* src;
  const float* weights;
  float* dst;
  int64_t pixels;
  int c, k;  // channels of the source and of the result
  CppnInputs inputs;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / k;
    const int channels = kFirst ? c : 2 * c;
    const float* PHOSPHENE_RESTRICT w = weights + row * (channels + 1);
    const float* PHOSPHENE_RESTRICT x = src + (kFirst ? 0 : image * c * pixels) + i;
    float* PHOSPHENE_RESTRICT out = dst + row * pixels + i;
    float z[N];
    for (int l = 0; l < N; ++l) z[l] = w[channels];
    for (int j = 0; j < c; ++j) {
      const float* PHOSPHENE_RESTRICT a = x + j * pixels;
      if constexpr (kFirst) {
        for (int l = 0; l < N; ++l) z[l] = fused(w[j], a[l], z[l]);
      } else {
        // w1 a / .67 + w2 (a^2 - shift) / divisor, with what does not depend on the pixel taken out.
        const float linear = w[j] / kCppnLinear, squared = w[c + j] / inputs.divisor;
        // The shift is fused by hand: whether the compiler would fuse it depends on N.
        for (int l = 0; l < N; ++l)
          z[l] = fused(a[l], fused(squared, a[l], linear), fused(-squared, inputs.shift, z[l]));
      }
    }
    for (int l = 0; l < N; ++l) out[l] = kLast ? z[l] : arc_tangent(z[l]);
  }
};

// d/dz of a layer that is not the last, in place of its grad_dst: grad_dst cos(dst)^2.
struct CppnArcTangentBackward {
  static constexpr int cpu_lanes = 16;
  const float* grad_dst;
  const float* dst;
  float* grad_z;
  int64_t pixels;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* PHOSPHENE_RESTRICT g = grad_dst + row * pixels + i;
    const float* PHOSPHENE_RESTRICT a = dst + row * pixels + i;
    float* PHOSPHENE_RESTRICT out = grad_z + row * pixels + i;
    for (int l = 0; l < N; ++l) {
      const float c = cosine(a[l]);
      out[l] = g[l] * c * c;
    }
  }
};

struct CppnLayerBackward {
  static constexpr int cpu_lanes = 16;
  const float* grad_z;
  const float* src;
  const float* weights;
  float* grad_src;
  int64_t pixels;
  int c, k;
  CppnInputs inputs;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / c;
    const int j = static_cast<int>(row - image * c), stride = 2 * c + 1;
    const float* PHOSPHENE_RESTRICT e = grad_z + image * k * pixels + i;
    const float* PHOSPHENE_RESTRICT w = weights + image * k * stride + j;
    const float* PHOSPHENE_RESTRICT a = src + row * pixels + i;
    float* PHOSPHENE_RESTRICT out = grad_src + row * pixels + i;
    float linear[N] = {}, squared[N] = {};
    for (int o = 0; o < k; ++o) {
      const float* PHOSPHENE_RESTRICT from = e + o * pixels;
      for (int l = 0; l < N; ++l) linear[l] = fused(w[o * stride], from[l], linear[l]);
      for (int l = 0; l < N; ++l) squared[l] = fused(w[o * stride + c], from[l], squared[l]);
    }
    for (int l = 0; l < N; ++l) out[l] = fused(squared[l] * a[l], 2.F / inputs.divisor, linear[l] / kCppnLinear);
  }
};

template <bool kFirst>
struct CppnWeightsBackward {
  const float* grad_z;
  const float* src;
  float* grad_weights;
  int64_t pixels;
  int c, k;
  CppnInputs inputs;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const int64_t row = tile / (c + 1), image = row / k;
    const int j = static_cast<int>(tile - row * (c + 1));
    const float* e = grad_z + row * pixels;
    float* out = grad_weights + row * ((kFirst ? c : 2 * c) + 1);
    if (j == c) {
      out += kFirst ? c : 2 * c;
      const float sum = team.sum(pixels, [e](int64_t p) { return e[p]; });
      team.once([out, sum] { *out = sum; });
      return;
    }
    const float* x = src + ((kFirst ? 0 : image * c) + j) * pixels;
    float first = team.sum(pixels, [e, x](int64_t p) { return e[p] * x[p]; });
    out += j;
    if constexpr (kFirst) {
      team.once([out, first] { *out = first; });
    } else {
      const CppnInputs make = inputs;
      const float second = team.sum(pixels, [e, x, make](int64_t p) { return e[p] * cppn_squared(make, x[p]); });
      first = cppn_linear(first);
      float* const other = out + c;
      team.once([out, other, first, second] {
        *out = first;
        *other = second;
      });
    }
  }
};

}  // namespace phosphene
