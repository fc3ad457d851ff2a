// ReLU: dst = max(src, 0). Gradient: grad_src = [dst > 0] grad_dst, so 0 at src = 0 (kernels/accumulate.h with a mask).
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Relu final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "relu"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
};

}  // namespace phosphene
