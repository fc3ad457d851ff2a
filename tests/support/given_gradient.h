// An objective whose gradient is a value of the graph: a test chooses the cotangent. It is never run.
#pragma once

#include "runtime/differentiate.h"
#include "runtime/graph.h"
#include "runtime/problems/problem.h"

namespace phosphene::testing {

class GivenGradient final : public Op {
 public:
  explicit GivenGradient(ValueId cotangent) : cotangent_(cotangent) {}
  [[nodiscard]] std::string_view kind() const override { return "given gradient"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    differentiator.contribute(node.src[0], cotangent_);
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return ReluProblem{src[0].shape.elements()};
  }
  [[nodiscard]] bool is_objective() const override { return true; }

 private:
  ValueId cotangent_;
};

}  // namespace phosphene::testing
