// Image space, objectives and the optimiser in double precision, written from their formulas as plain loops: what the kernels are
// compared with. They share no code with them; the inverse Fourier transform is the full complex sum, gradients are scattered
// where the kernels gather. Values are N C H W.
#pragma once

#include <array>
#include <vector>

#include "kernels/parameters.h"
#include "tests/reference/network_ops.h"

namespace phosphene::reference {

// The image before colour of a half spectrum (N C 2H K, real parts above imaginary ones): irfft2(scale (re + i im)) / 4.
Tensor fourier_image(const Tensor& spectrum, int64_t h, int64_t w, double decay_power);
Tensor fourier_image_backward(const Tensor& grad_dst, double decay_power);

Tensor colour(const Tensor& src, bool decorrelated);
Tensor colour_backward(const Tensor& grad_dst, const Tensor& src, bool decorrelated);

// A transparent image over a background, in linear light or not: kernels/composite.h. Alpha has one channel.
Tensor composite(const Tensor& src, const Tensor& alpha, const Tensor& background, bool gamma);
struct CompositeGradients {
  Tensor src, alpha;
};
CompositeGradients composite_backward(const Tensor& grad_dst, const Tensor& src, const Tensor& alpha,
                                      const Tensor& background, bool gamma);

// Coefficients N(0, sd^2) of a background of this spectrum, by Box and Muller's transform with the standard library's functions.
Tensor drawn_spectrum(const Shape& spectrum, const std::vector<DrawKey>& keys, uint32_t step, double sd);

struct WarpAttributes {
  int64_t h = 0, w = 0;  // of the output
  Outside outside = Outside::constant;
  std::vector<double> scale, mean;  // by channel of the output
  std::vector<int> order;
};
using Matrix = std::array<double, 6>;
Tensor warp(const Tensor& src, const std::vector<Matrix>& matrices, const WarpAttributes& attributes);
Tensor warp_backward(const Tensor& grad_dst, const Shape& src, const std::vector<Matrix>& matrices,
                     const WarpAttributes& attributes);

// Mean over the given positions (all when `row` is negative) of d max(.1, cos)^power with the vector v, for image n.
double direction(const Tensor& src, int64_t n, const std::vector<double>& v, int power, int64_t row, int64_t column);

}  // namespace phosphene::reference
