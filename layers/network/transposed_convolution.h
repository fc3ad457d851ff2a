// Transposed convolution: dst = the transpose of a correlation applied to src, so that the window is laid down once for each
// element of src and dst is about `stride` times as large. Weights C x K x R x S, C channels of src, K of dst: those of the
// convolution from dst to src, as PyTorch stores them. It is the gradient of that convolution and its gradient is that convolution,
// so it needs no kernel of its own.
#pragma once

#include "layers/network/window.h"
#include "runtime/graph.h"

namespace phosphene {

class TransposedConvolution final : public Op {
 public:
  // `window`: of the convolution from dst to src; its rule is neither `same` nor `ceil`. Throws when it does not fit the weights.
  TransposedConvolution(WindowAttributes window, Weights weights);

  [[nodiscard]] std::string_view kind() const override { return "transposed convolution"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  WindowAttributes window_;
  Weights weights_;
};

}  // namespace phosphene
