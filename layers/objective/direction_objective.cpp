#include "layers/objective/direction_objective.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class DirectionObjectiveBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "direction objective backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return DirectionObjectiveBackwardProblem{src[0].shape, src[0].dtype};
  }
};

}  // namespace

TensorInfo direction_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(DirectionRow)), 1, 1}, Layout::channels_last, DType::u8};
}

TensorInfo direction_vectors(int64_t count, int64_t channels) {
  return {{count, channels, 1, 1}, Layout::channels_last, DType::f32};
}

std::vector<TensorInfo> DirectionObjective::infer(std::span<const TensorInfo> src) const {
  const Shape& activation = src[0].shape;
  if (src[0].layout != Layout::channels_last || src[1] != direction_rows(activation.n)) {
    fail_internal("", "a direction objective on {} with rows {}", to_string(activation), to_string(src[1].shape));
  }
  if (src[2].shape.c != activation.c) {
    fail("", "a direction of {} numbers for a layer of {} channels", src[2].shape.c, activation.c);
  }
  return {{{activation.n, 1, 1, 1}, Layout::channels_last, DType::f32}};
}

Problem DirectionObjective::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return DirectionObjectiveProblem{src[0].shape, src[0].dtype};
}

void DirectionObjective::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(node.src[0], differentiator.graph().append(std::make_shared<DirectionObjectiveBackward>(),
                                                                       node.src, "grad " + node.layer));
}

}  // namespace phosphene
