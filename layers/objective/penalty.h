// Penalties on the image before its random transform: total variation, L1, L2, blur (kernels/penalty.h). Terms of the
// objective like any other, for which weight and constant are a row of a table; their gradient meets the network's at
// the image.
#pragma once

#include "kernels/penalty.h"
#include "runtime/graph.h"

namespace phosphene {

TensorInfo penalty_rows(int64_t n);  // one PenaltyRow per image, as bytes

class Penalty final : public Op {
 public:
  explicit Penalty(PenaltyKind penalty) : penalty_(penalty) {}

  [[nodiscard]] std::string_view kind() const override;
  // image, rows -> N values, and the same without their weights, which the gradient reads.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
  [[nodiscard]] bool is_objective() const override { return true; }

 private:
  PenaltyKind penalty_;
};

}  // namespace phosphene
