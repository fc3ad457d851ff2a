// Arithmetic of two values: sum, difference, product, quotient, the larger or the smaller. One of them may be broadcast over the other:
// over its positions (N C 1 1: a gate for each channel, as in squeeze and excitation), its channels (N 1 H W) or both (N 1 1 1).
// Formulas and gradients: kernels/binary.h. A sum of values of one shape is an Add (layers/network/add.h), and is computed as one here too.
#pragma once

#include <string>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

// "add", "subtract", "multiply", "divide", "maximum", "minimum": the names in model files, in the order of the enum.
const std::vector<std::string>& names_of_binary_operations();
// Throws unless it is one of them.
BinaryOperation binary_operation(const std::string& name);

class Binary final : public Op {
 public:
  explicit Binary(BinaryOperation operation) : operation_(operation) {}

  [[nodiscard]] std::string_view kind() const override { return "binary"; }
  // Throws, with both shapes, unless they are equal or one may be broadcast over the other.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] BinaryOperation operation() const { return operation_; }
  [[nodiscard]] const std::string& operation_name() const;

 private:
  BinaryOperation operation_;
};

}  // namespace phosphene
