// Products of matrices that lie in two values, for objectives on second moments (Gram matrices).
#pragma once

#include "runtime/graph.h"
#include "runtime/problems/objective.h"

namespace phosphene {

// No gradient of its own: an objective that uses it says its gradient.
class MatrixProducts final : public Op {
 public:
  MatrixProducts(std::vector<MatrixProduct> products, const TensorInfo& dst)
      : products_(std::move(products)), dst_(dst) {}

  [[nodiscard]] std::string_view kind() const override { return "matrix products"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // a, b
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  std::vector<MatrixProduct> products_;
  TensorInfo dst_;
};

}  // namespace phosphene
