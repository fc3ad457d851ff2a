// MaCo's parameterization: the image of a spectrum whose magnitude is fixed and whose phase gradient ascent changes (T. Fel et al.,
// "Unlocking Feature Visualization for Deep Networks with MAgnitude Constrained Optimization", NeurIPS 2023, section 3).
//
// Parameter: the phase, planar N x C x H x K, K as in layers/image/fourier_image.h. With U(v) = (v - mean v) / (deviation v + 1e-5) over
// all numbers of an image:
//   p = U(phase),   x = irfft2(magnitude (cos p + i sin p)),   image before colour = U(x)
// The parameter is kept as it is, not standardised. Its gradient sums to 0 and is orthogonal to p, so that a step along it makes the
// phase longer and the next ones shorter in proportion.
#pragma once

#include <span>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"
#include "runtime/tensor.h"

namespace phosphene {

struct PhaseParameterization {
  int64_t n = 1, c = 3, h = 224, w = 224;

  [[nodiscard]] int64_t columns() const { return (w + w % 2) / 2 + 1; }
  [[nodiscard]] TensorInfo phase() const { return {{n, c, h, columns()}, Layout::planar, DType::f32}; }
};

// Appends U of a value, as above.
ValueId append_standardised(Graph& graph, ValueId src);

// Appends the image (planar N x C x H x W, before colour) of the phase `parameter`. `magnitude`: C x H x K numbers, not negative, of
// an unnormalised forward transform.
ValueId append_phase_image(Graph& graph, const PhaseParameterization& parameterization,
                           std::span<const float> magnitude, ValueId parameter);

// N(0, 1) for every phase, each a function of its image's key and its index alone.
std::vector<float> initial_phase(const PhaseParameterization& parameterization, std::span<const DrawKey> keys);

}  // namespace phosphene
