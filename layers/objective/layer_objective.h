// The mean of squares of a layer: DeepDream. kernels/layer_objective.h has the formula.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

// A row of the table per image.
TensorInfo layer_rows(int64_t n);

class LayerObjective final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "layer objective"; }
  [[nodiscard]] bool is_objective() const override { return true; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // activation, rows
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
};

}  // namespace phosphene
