// A number per channel added to a value: dst = src + bias[channel]. A Convolution adds its own; this is for what follows a
// TransposedConvolution. Gradient: grad_src = grad_dst; the bias is a constant.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Bias final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "bias"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // value, bias
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
};

// Appends src + bias, `bias` as many numbers as src has channels.
ValueId append_bias(Graph& graph, ValueId src, const Weights& bias, const std::string& name);

}  // namespace phosphene
