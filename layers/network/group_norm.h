// Group normalisation: over groups of neighbouring channels and all positions of an image. Instance normalisation has as many groups as
// channels, layer normalisation over a whole image has one. Formula, gradient and sources: kernels/group_norm.h.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class GroupNorm final : public Op {
 public:
  // A number for each channel, or absent (without data). Throws unless epsilon is above 0 and there is a group.
  GroupNorm(int64_t groups, float epsilon, Weights factor, Weights shift);

  [[nodiscard]] std::string_view kind() const override { return "group norm"; }
  [[nodiscard]] std::vector<OpConstant> constants() const override;
  // The result, and statistics that its gradient reads. Throws unless the channels can be divided into the groups.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] int64_t groups() const { return groups_; }
  [[nodiscard]] float epsilon() const { return epsilon_; }
  [[nodiscard]] const Weights& factor() const { return factor_; }
  [[nodiscard]] const Weights& shift() const { return shift_; }

 private:
  int64_t groups_;
  float epsilon_;
  Weights factor_, shift_;
};

}  // namespace phosphene
