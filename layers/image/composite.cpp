#include "layers/image/composite.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class CompositeBackward final : public Op {
 public:
  explicit CompositeBackward(bool gamma) : gamma_(gamma) {}

  [[nodiscard]] std::string_view kind() const override { return "composite backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    return {src[1], src[2]};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return CompositeBackwardProblem{src[1].shape, gamma_};
  }

 private:
  bool gamma_;
};

class SpectrumDraw final : public Op {
 public:
  SpectrumDraw(const TensorInfo& spectrum, double sd) : spectrum_(spectrum), sd_(sd) {}

  [[nodiscard]] std::string_view kind() const override { return "spectrum draw"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {spectrum_};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return SpectrumDrawProblem{spectrum_.shape, sd_};
  }

 private:
  TensorInfo spectrum_;
  double sd_;
};

}  // namespace

std::vector<TensorInfo> Composite::infer(std::span<const TensorInfo> src) const {
  TensorInfo alpha = src[0];
  alpha.shape.c = 1;
  if (src[0].layout != Layout::planar || src[1] != alpha || src[2] != src[0]) {
    fail_internal("", "an image of shape {} with an alpha of {} over a background of {}", to_string(src[0].shape),
                  to_string(src[1].shape), to_string(src[2].shape));
  }
  return {src[0]};
}

void Composite::differentiate(Differentiator& differentiator, const Node& node) const {
  const std::vector<ValueId> gradients = differentiator.graph().append_all(
      std::make_shared<CompositeBackward>(gamma_),
      {differentiator.gradient(node.dst[0]), node.src[0], node.src[1], node.src[2], node.dst[0]}, "grad " + node.layer);
  differentiator.contribute(node.src[0], gradients[0]);
  differentiator.contribute(node.src[1], gradients[1]);
}

Problem Composite::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return CompositeProblem{src[0].shape, gamma_};
}

ValueId append_random_fourier_image(Graph& graph, const FourierParameterization& p, double sd, ValueId keys,
                                    ValueId step) {
  constexpr int64_t kMaxBlocks = int64_t{1} << 24;  // of one purpose at one step (kernels/philox.h)
  const TensorInfo spectrum = p.spectrum();
  if (spectrum.shape.c * spectrum.shape.h * ((spectrum.shape.w + 3) / 4) > kMaxBlocks)
    fail("size", "a background of {} x {} pixels has more random numbers than can be drawn", p.h, p.w);
  return append_fourier_image(graph, p,
                              graph.append(std::make_shared<SpectrumDraw>(spectrum, sd), {keys, step}, "background"));
}

}  // namespace phosphene
