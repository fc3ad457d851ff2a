// Penalties on the image before its random transform (kernels/penalty.h). Terms of the objective like any other, for which weight and
// constant are a row of a table; their gradient meets the network's at the image.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

TensorInfo penalty_rows(int64_t n);  // one PenaltyRow per image, as bytes

class Penalty final : public Op {
 public:
  // `border`: of boundary complexity, in pixels.
  explicit Penalty(PenaltyKind penalty, int64_t border = 0) : penalty_(penalty), border_(border) {}

  [[nodiscard]] std::string_view kind() const override;
  // image, rows and, of an input difference, a picture -> N values, and what the gradient reads.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
  [[nodiscard]] bool is_objective() const override { return true; }

 private:
  PenaltyKind penalty_;
  int64_t border_;
};

}  // namespace phosphene
