// Ops small enough to see through, for tests of the runtime itself.
#pragma once

#include <memory>

#include "runtime/differentiate.h"
#include "runtime/graph.h"

namespace phosphene {

// An objective whose gradient is a state: lets a test choose the cotangent.
class CotangentObjective final : public Op {
 public:
  explicit CotangentObjective(ValueId cotangent) : cotangent_(cotangent) {}
  [[nodiscard]] std::string_view kind() const override { return "cotangent"; }
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

inline TensorInfo pixels(int64_t c, int64_t h = 2, int64_t w = 3) { return {{1, c, h, w}, Layout::channels_last, DType::f32}; }

inline Weights ramp(int64_t count, std::vector<int64_t> shape) {
  std::vector<float> numbers(static_cast<size_t>(count));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(static_cast<int>(i % 7) - 3);
  return Weights::from(std::move(numbers), std::move(shape));
}

}  // namespace phosphene
