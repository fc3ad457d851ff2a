// Softmax over channels: kernels/softmax.h has the formulas.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Softmax final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "softmax"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
};

}  // namespace phosphene
