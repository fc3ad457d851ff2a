#include "layers/network/layer_norm.h"

#include <cmath>

#include "layers/network/channel_constants.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class LayerNormGradient final : public Op {
 public:
  LayerNormGradient(const LayerNormBackwardProblem& problem, Weights factor)
      : problem_(problem), factor_(std::move(factor)) {}

  [[nodiscard]] std::string_view kind() const override { return "layer norm backward"; }
  [[nodiscard]] std::vector<OpConstant> constants() const override { return factor_and_shift(factor_, {}); }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  LayerNormBackwardProblem problem_;
  Weights factor_;
};

}  // namespace

LayerNorm::LayerNorm(float epsilon, Weights factor, Weights shift)
    : epsilon_(epsilon), factor_(as_row(std::move(factor))), shift_(as_row(std::move(shift))) {
  if (!(epsilon > 0) || !std::isfinite(epsilon)) fail("", "expected an epsilon above 0, got {}", epsilon);
}

std::vector<OpConstant> LayerNorm::constants() const { return factor_and_shift(factor_, shift_); }

std::vector<TensorInfo> LayerNorm::infer(std::span<const TensorInfo> src) const {
  require_channels_last(src, kind());
  for (const auto& [name, numbers] : constants()) require_one_per_channel(name, numbers, src[0].shape);
  return {src[0]};
}

Problem LayerNorm::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return LayerNormProblem{dst[0].shape, epsilon_, factor_.data != nullptr, shift_.data != nullptr, dst[0].dtype};
}

void LayerNorm::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const TensorInfo& src = graph.info(node.src[0]);
  const LayerNormBackwardProblem problem{src.shape, epsilon_, factor_.data != nullptr, src.dtype};
  differentiator.contribute(node.src[0],
                            graph.append(std::make_shared<LayerNormGradient>(problem, factor_),
                                         {differentiator.gradient(node.dst[0]), node.src[0]}, "grad " + node.layer));
}

}  // namespace phosphene
