#include "layers/image/cppn.h"

#include <cmath>
#include <numbers>

#include "layers/image/normal_draws.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class LayerBackward final : public Op {
 public:
  explicit LayerBackward(const CppnLayerAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return "cppn layer backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    return attributes_.first ? std::vector<TensorInfo>{src[2]} : std::vector<TensorInfo>{src[2], src[1]};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return CppnLayerBackwardProblem{src[1].shape, src[3].shape, attributes_.inputs, attributes_.first,
                                    attributes_.last};
  }

 private:
  CppnLayerAttributes attributes_;
};

class Layer final : public Op {
 public:
  explicit Layer(const CppnLayerAttributes& attributes) : attributes_(attributes) {}

  [[nodiscard]] std::string_view kind() const override { return "cppn layer"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    const Shape &from = src[0].shape, &weights = src[1].shape;
    const int64_t inputs = (attributes_.first ? 1 : 2) * from.c;
    if (src[0].layout != Layout::planar || weights != Shape{weights.n, 1, attributes_.k, inputs + 1} ||
        from.n != (attributes_.first ? 1 : weights.n)) {
      fail_internal("", "a layer on {} with weights {}", to_string(from), to_string(weights));
    }
    return {{{weights.n, attributes_.k, from.h, from.w}, Layout::planar, DType::f32}};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    const std::vector<ValueId> gradients = differentiator.graph().append_all(
        std::make_shared<LayerBackward>(attributes_),
        {differentiator.gradient(node.dst[0]), node.src[0], node.src[1], node.dst[0]}, "grad " + node.layer);
    differentiator.contribute(node.src[1], gradients[0]);
    if (!attributes_.first) differentiator.contribute(node.src[0], gradients[1]);
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    return CppnLayerProblem{src[0].shape, dst[0].shape, attributes_.inputs, attributes_.first, attributes_.last};
  }

 private:
  CppnLayerAttributes attributes_;
};

// numpy's linspace(-sqrt 3, sqrt 3, size).
float coordinate(int64_t at, int64_t size) {
  const double part = size > 1 ? static_cast<double>(at) / static_cast<double>(size - 1) : 0;
  return static_cast<float>(std::numbers::sqrt3 * (2 * part - 1));
}

Weights coordinates(int64_t h, int64_t w) {
  std::vector<float> planes(static_cast<size_t>(2 * h * w));
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) {
      planes[static_cast<size_t>(y * w + x)] = coordinate(x, w);
      planes[static_cast<size_t>((h + y) * w + x)] = coordinate(y, h);
    }
  }
  return Weights::from(std::move(planes), {2, h, w});
}

}  // namespace

std::shared_ptr<const Op> make_cppn_layer(const CppnLayerAttributes& attributes) {
  return std::make_shared<Layer>(attributes);
}

std::vector<TensorInfo> cppn_weights(const CppnParameterization& p, const Shape& image) {
  std::vector<TensorInfo> weights;
  for (int64_t layer = 0; layer <= p.layers; ++layer) {
    const int64_t k = layer == p.layers ? image.c : p.channels, inputs = layer == 0 ? 2 : 2 * p.channels;
    weights.push_back({{image.n, 1, k, inputs + 1}, Layout::planar, DType::f32});
  }
  return weights;
}

ValueId append_cppn(Graph& graph, const CppnParameterization& p, const Shape& image, std::span<const ValueId> weights) {
  ValueId value = graph.constant("coordinates", {{1, 2, image.h, image.w}, Layout::planar, DType::f32},
                                 coordinates(image.h, image.w));
  for (size_t layer = 0; layer < weights.size(); ++layer) {
    const CppnLayerAttributes attributes{graph.shape(weights[layer]).h, p.inputs(), layer == 0,
                                         layer + 1 == weights.size()};
    value = graph.append(make_cppn_layer(attributes), {value, weights[layer]}, fmt::format("cppn {}", layer));
  }
  return value;
}

std::vector<float> initial_cppn_weights(const TensorInfo& info, std::span<const DrawKey> keys, uint32_t index,
                                        bool last) {
  const size_t k = static_cast<size_t>(info.shape.h), row = static_cast<size_t>(info.shape.w);
  std::vector<float> numbers(k * row * keys.size(), 0.F);
  if (last) return numbers;
  const double of_weights = 1 / std::sqrt(static_cast<double>(row - 1));
  constexpr double kOfBias = 0.1;
  for (size_t image = 0; image < keys.size(); ++image) {
    const std::span<float> mine = std::span<float>(numbers).subspan(image * k * row, k * row);
    draw_normal(keys[image], DrawPurpose::initial_weights, 1, mine, index);
    for (size_t i = 0; i < mine.size(); ++i) mine[i] *= static_cast<float>(i % row == row - 1 ? kOfBias : of_weights);
  }
  return numbers;
}

}  // namespace phosphene
