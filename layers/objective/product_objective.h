// The product of two objectives that are about the same images. kernels/product.h has the formula.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

// A row of the table per image.
TensorInfo product_rows(int64_t n);

// Outputs: values, and the gradients of both factors.
class ProductObjective final : public Op {
 public:
  // Groups are `group` neighbouring images.
  explicit ProductObjective(int64_t group) : group_(group) {}

  [[nodiscard]] std::string_view kind() const override { return "product"; }
  [[nodiscard]] bool is_objective() const override { return true; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // a, b (N values), rows
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  int64_t group_;
};

}  // namespace phosphene
