// Concatenation along channels. Gradient: to each source its slice of grad_dst.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Concat final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "concat"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
};

}  // namespace phosphene
