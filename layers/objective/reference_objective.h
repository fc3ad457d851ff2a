// Compares a layer's activations with those for a reference photograph: caricature and inversion. Formulas: kernels/reference_objective.h.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

// A row of the table per image.
TensorInfo reference_rows(int64_t n);

// Outputs: values, and the factors of the gradient. No gradient passes to the reference.
class ReferenceObjective final : public Op {
 public:
  explicit ReferenceObjective(ReferenceKind kind) : kind_(kind) {}

  [[nodiscard]] std::string_view kind() const override {
    return kind_ == ReferenceKind::caricature ? "caricature" : "inversion";
  }
  [[nodiscard]] bool is_objective() const override { return true; }
  // activation, that of the reference, rows
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  ReferenceKind kind_;
};

}  // namespace phosphene
