#include "layers/network/binary.h"

#include <algorithm>

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

// Of the first operand, or of the second.
BinaryDerivative derivative_of(BinaryOperation operation, bool second) {
  switch (operation) {
    case BinaryOperation::add:
      return BinaryDerivative::one;
    case BinaryOperation::subtract:
      return second ? BinaryDerivative::minus_one : BinaryDerivative::one;
    case BinaryOperation::multiply:
      return BinaryDerivative::other;
    case BinaryOperation::divide:
      return second ? BinaryDerivative::quotient : BinaryDerivative::reciprocal;
    case BinaryOperation::maximum:
      return BinaryDerivative::larger;
    case BinaryOperation::minimum:
      return BinaryDerivative::smaller;
  }
  fail_internal("", "operation {} of two values", static_cast<int>(operation));
}

class BinaryGradient final : public Op {
 public:
  explicit BinaryGradient(const BinaryBackwardProblem& problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "binary backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.operand, Layout::channels_last, problem_.storage}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  BinaryBackwardProblem problem_;
};

bool fits(const Shape& operand, const Shape& dst) {
  const bool everywhere = operand.h == dst.h && operand.w == dst.w, once = operand.h == 1 && operand.w == 1;
  return operand.n == dst.n && (operand.c == dst.c || operand.c == 1) && (everywhere || once);
}

}  // namespace

const std::vector<std::string>& names_of_binary_operations() {
  static const std::vector<std::string> names = {"add", "subtract", "multiply", "divide", "maximum", "minimum"};
  return names;
}

BinaryOperation binary_operation(const std::string& name) {
  const std::vector<std::string>& names = names_of_binary_operations();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail(name, "is not an operation on two values{}", suggestion(name, names));
  return static_cast<BinaryOperation>(found - names.begin());
}

const std::string& Binary::operation_name() const {
  return names_of_binary_operations().at(static_cast<size_t>(operation_));
}

std::vector<TensorInfo> Binary::infer(std::span<const TensorInfo> src) const {
  if (src.size() != 2) fail("", "expected two values to {}, got {}", operation_name(), src.size());
  const TensorInfo &a = src[0], &b = src[1];
  for (const TensorInfo& one : src)
    if (one.layout != Layout::channels_last) fail_internal("", "arithmetic needs values that are channels last");
  if (a.dtype != b.dtype) fail_internal("", "arithmetic of two values of different types");
  const Shape dst = broadcast(a.shape, b.shape);
  if (!fits(a.shape, dst) || !fits(b.shape, dst) || (a.shape != dst && b.shape != dst)) {
    fail("",
         "cannot {} values of shapes {} and {}: expected equal ones, or one that has 1 channel, 1 position, or both",
         operation_name(), to_string(a.shape), to_string(b.shape));
  }
  return {{dst, Layout::channels_last, a.dtype}};
}

Problem Binary::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  if (operation_ == BinaryOperation::add && src[0] == src[1])
    return AccumulateProblem{dst[0].shape, 2, dst[0].shape.c, 0, false, dst[0].dtype};
  return BinaryProblem{src[0].shape, src[1].shape, operation_, dst[0].dtype};
}

void Binary::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  for (const size_t i : {0U, 1U}) {
    const ValueId operand = node.src[i], other = node.src[1 - i];
    if (!differentiator.needs(operand)) continue;
    const BinaryBackwardProblem problem{graph.shape(operand), graph.shape(other), derivative_of(operation_, i == 1),
                                        graph.info(operand).dtype};
    if (problem.derivative == BinaryDerivative::one && problem.operand == problem.dst()) {
      differentiator.contribute(operand, grad_dst);
      continue;
    }
    std::vector<ValueId> src = {grad_dst};
    if (problem.reads_other()) src.push_back(other);
    if (problem.reads_operand()) src.push_back(operand);
    differentiator.contribute(
        operand, graph.append(std::make_shared<BinaryGradient>(problem), std::move(src), "grad " + node.layer));
  }
}

}  // namespace phosphene
