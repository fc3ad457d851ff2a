// Layer normalisation of each position over its channels; formula, gradient and sources: kernels/layer_norm.h. That over channels and
// positions together is a GroupNorm of one group.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class LayerNorm final : public Op {
 public:
  // A number for each channel, or absent (without data). Throws unless epsilon is above 0.
  LayerNorm(float epsilon, Weights factor, Weights shift);

  [[nodiscard]] std::string_view kind() const override { return "layer norm"; }
  [[nodiscard]] std::vector<OpConstant> constants() const override;
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] float epsilon() const { return epsilon_; }
  [[nodiscard]] const Weights& factor() const { return factor_; }
  [[nodiscard]] const Weights& shift() const { return shift_; }

 private:
  float epsilon_;
  Weights factor_, shift_;
};

}  // namespace phosphene
