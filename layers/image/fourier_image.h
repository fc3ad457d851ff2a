// The Fourier parameterization: an image before colour, from a half spectrum that gradient ascent changes (Olah et al., "Feature
// Visualization", Distill 2017, "Preconditioning"; Mordvintsev et al., "Differentiable Image Parameterizations", Distill 2018).
//
// Parameter: planar N x C x 2H x K, H rows of real parts above H rows of imaginary ones; K = W / 2 + 1 for even W, (W + 1) / 2 + 1
// for odd (the transform is then W + 1 wide and the image its first W columns).
//   image = irfft2(scale (re + i im)) / 4,   scale = sqrt(W H) / max(|f|, 1 / max(W, H))^decay_power,   f in cycles per pixel
// Columns 0 and K - 1 of an arbitrary spectrum count through their Hermitian part only. The whitening (scale, / 4 and the 1 / N of
// the transform) is an op of its own, so that its gradient can move into the optimiser.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

struct FourierParameterization {
  int64_t n = 1, c = 3, h = 224, w = 224;
  double decay_power = 1;

  [[nodiscard]] int64_t columns() const { return (w + w % 2) / 2 + 1; }
  [[nodiscard]] TensorInfo spectrum() const { return {{n, c, 2 * h, columns()}, Layout::planar, DType::f32}; }
};

// Appends the image (planar N x C x H x W, before colour) of the spectrum `parameter`.
ValueId append_fourier_image(Graph& graph, const FourierParameterization& parameterization, ValueId parameter);

// Appends the unnormalised inverse transform of a spectrum (planar N x C x 2H x K) to images of h x w; runtime/problems/image.h,
// InverseFourierProblem.
ValueId append_inverse_fourier(Graph& graph, ValueId spectrum, int64_t h, int64_t w);

// scale / (4 N) of each coefficient, H x K, row-major.
std::vector<float> whitening_scale(const FourierParameterization& parameterization);

// N(0, sd^2) for every coefficient, each a function of its image's key and its index alone (Box-Muller on Philox).
std::vector<float> initial_spectrum(const FourierParameterization& parameterization, std::span<const DrawKey> keys,
                                    double sd);

// One image's spectrum, C x 2H x K, as its real and imaginary parts, each C x H x K.
struct SpectrumParts {
  std::vector<int64_t> dims;  // C, H, K
  std::vector<float> re, im;
};
SpectrumParts parts_of_spectrum(const FourierParameterization& parameterization, std::span<const float> spectrum);

}  // namespace phosphene
