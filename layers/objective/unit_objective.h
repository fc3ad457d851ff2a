// Objectives on one unit per image: channel, neuron, class logit (kernels/unit_objective.h has the formula). One op reads one layer;
// which unit, where and with what weight is a row of a table, so a sweep over units is one plan.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

TensorInfo unit_rows(int64_t n);  // one UnitRow per image, as bytes

class UnitObjective final : public Op {
 public:
  // of_another: not maximised itself, but what another objective is made from.
  explicit UnitObjective(bool of_another = false) : of_another_(of_another) {}

  [[nodiscard]] std::string_view kind() const override { return "unit objective"; }
  [[nodiscard]] std::vector<TensorInfo> infer(
      std::span<const TensorInfo> src) const override;  // activation, rows -> N values
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;
  [[nodiscard]] bool is_objective() const override { return !of_another_; }

 private:
  bool of_another_;
};

}  // namespace phosphene
