// Standardisation of an image over all its numbers: mean 0, deviation 1. Formula, gradient and source: kernels/standardise.h.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Standardise final : public Op {
 public:
  // Divides by the deviation and `epsilon`, which is above 0.
  explicit Standardise(float epsilon);

  [[nodiscard]] std::string_view kind() const override { return "standardise"; }
  // Of a planar value: the result, and statistics that its gradient reads.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  float epsilon_;
};

}  // namespace phosphene
