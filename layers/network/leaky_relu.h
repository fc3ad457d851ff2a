// Leaky ReLU: dst = src > 0 ? src : slope src. Gradient and source: kernels/leaky_relu.h.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class LeakyRelu final : public Op {
 public:
  // Throws for a negative slope: the destination would then not determine the source's sign.
  explicit LeakyRelu(float slope);

  [[nodiscard]] std::string_view kind() const override { return "leaky relu"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  float slope_;
};

}  // namespace phosphene
