// The CPPN parameterization: every image is a small network of the pixel's coordinates, whose weights gradient ascent changes
// (A. Mordvintsev et al., "Differentiable Image Parameterizations", Distill 2018, section "Compositional Pattern Producing
// Networks"). kernels/cppn.h has the formulas.
#pragma once

#include <span>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

struct CppnParameterization {
  int64_t layers = 8, channels = 24;  // hidden ones
  bool unbiased = false;

  [[nodiscard]] CppnInputs inputs() const { return unbiased ? CppnInputs{0.45F, 0.396F} : CppnInputs{}; }
};

// One layer: source (or coordinates, for the first), weights -> K planes.
struct CppnLayerAttributes {
  int64_t k = 0;
  CppnInputs inputs;
  bool first = false, last = false;
};
std::shared_ptr<const Op> make_cppn_layer(const CppnLayerAttributes& attributes);

// The weights of each layer for images of this shape, planar N x 1 x K x (inputs + 1), the bias last; the output layer too.
std::vector<TensorInfo> cppn_weights(const CppnParameterization& parameterization, const Shape& image);

// Appends the images before their sigmoid (planar, of shape `image`) of the weights of each layer. Coordinates run from
// -sqrt 3 to sqrt 3 along columns and rows.
ValueId append_cppn(Graph& graph, const CppnParameterization& parameterization, const Shape& image,
                    std::span<const ValueId> weights);

// Layer `index` of every image: weights N(0, 1 / inputs), biases N(0, .1^2); 0 in the output layer, so that images start grey.
std::vector<float> initial_cppn_weights(const TensorInfo& info, std::span<const DrawKey> keys, uint32_t index,
                                        bool last);

}  // namespace phosphene
