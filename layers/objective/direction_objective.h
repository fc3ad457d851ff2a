// Objectives on a direction in activation space, by dot product and a power of the cosine (kernels/direction_objective.h has the
// formula). Vectors are a table; each image's row names its vector.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

TensorInfo direction_rows(int64_t n);                           // one DirectionRow per image, as bytes
TensorInfo direction_vectors(int64_t count, int64_t channels);  // float32

class DirectionObjective final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "direction objective"; }
  // activation, rows, vectors -> N values
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
  [[nodiscard]] bool is_objective() const override { return true; }
};

}  // namespace phosphene
