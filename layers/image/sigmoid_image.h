// A generator's image: the sigmoid of its last layer, planar in [0, 1]; kernels/sigmoid_image.h.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class SigmoidImage final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "sigmoid image"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
};

}  // namespace phosphene
