#include "layers/image/phase_image.h"

#include "layers/image/fourier_image.h"
#include "layers/image/normal_draws.h"
#include "layers/image/standardise.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

constexpr float kEpsilon = 1e-5F;  // of the authors' code (Xplique 1.3)

class PolarSpectrumBackward final : public Op {
 public:
  explicit PolarSpectrumBackward(TensorInfo phase) : phase_(std::move(phase)) {}

  [[nodiscard]] std::string_view kind() const override { return "polar spectrum backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {phase_}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return PolarSpectrumBackwardProblem{phase_.shape};
  }

 private:
  TensorInfo phase_;
};

class PolarSpectrum final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "polar spectrum"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {  // magnitude, phase
    const Shape &magnitude = src[0].shape, &phase = src[1].shape;
    if (magnitude.n != 1 || magnitude.c != phase.c || magnitude.h != phase.h || magnitude.w != phase.w)
      fail_internal("", "a magnitude of shape {} and a phase of shape {}", to_string(magnitude), to_string(phase));
    return {{{phase.n, phase.c, 2 * phase.h, phase.w}, Layout::planar, DType::f32}};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    Graph& graph = differentiator.graph();
    differentiator.contribute(node.src[1],
                              graph.append(std::make_shared<PolarSpectrumBackward>(graph.info(node.src[1])),
                                           {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return PolarSpectrumProblem{src[1].shape};
  }
};

}  // namespace

ValueId append_standardised(Graph& graph, ValueId src) {
  return graph.append_all(std::make_shared<Standardise>(kEpsilon), {src}, "standardise").front();
}

ValueId append_phase_image(Graph& graph, const PhaseParameterization& p, std::span<const float> magnitude,
                           ValueId parameter) {
  const int64_t columns = p.columns();
  if (std::ssize(magnitude) != p.c * p.h * columns)
    fail_internal("magnitude", "{} numbers for {} x {} x {}", magnitude.size(), p.c, p.h, columns);
  const auto points = static_cast<float>(p.h * 2 * (columns - 1));  // of the transform
  std::vector<float> normalised;
  normalised.reserve(magnitude.size());
  for (const float number : magnitude) normalised.push_back(number / points);
  const ValueId fixed = graph.constant("magnitude", {{1, p.c, p.h, columns}, Layout::planar, DType::f32},
                                       Weights::from(std::move(normalised), {p.c, p.h, columns}));
  const ValueId spectrum =
      graph.append(std::make_shared<PolarSpectrum>(), {fixed, append_standardised(graph, parameter)}, "polar spectrum");
  return append_standardised(graph, append_inverse_fourier(graph, spectrum, p.h, p.w));
}

std::vector<float> initial_phase(const PhaseParameterization& p, std::span<const DrawKey> keys) {
  const auto per_image = static_cast<size_t>(p.phase().shape.elements() / p.n);
  std::vector<float> phase(per_image * keys.size());
  for (size_t image = 0; image < keys.size(); ++image) {
    draw_normal(keys[image], DrawPurpose::initial_phase, 1,
                std::span<float>(phase).subspan(image * per_image, per_image));
  }
  return phase;
}

}  // namespace phosphene
