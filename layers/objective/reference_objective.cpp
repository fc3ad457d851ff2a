#include "layers/objective/reference_objective.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class ReferenceObjectiveBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "reference objective backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return ReferenceObjectiveBackwardProblem{src[0].shape, src[0].dtype};
  }
};

}  // namespace

TensorInfo reference_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(ReferenceRow)), 1, 1}, Layout::channels_last, DType::u8};
}

std::vector<TensorInfo> ReferenceObjective::infer(std::span<const TensorInfo> src) const {
  const int64_t n = src[0].shape.n;
  if (src[0].layout != Layout::channels_last || src[1] != src[0] || src[2] != reference_rows(n))
    fail_internal("", "{} of {} against {}", kind(), to_string(src[0].shape), to_string(src[1].shape));
  return {{{n, 1, 1, 1}, Layout::channels_last, DType::f32}, {{n, 2, 1, 1}, Layout::planar, DType::f32}};
}

Problem ReferenceObjective::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return ReferenceObjectiveProblem{src[0].shape, kind_, src[0].dtype};
}

void ReferenceObjective::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0], differentiator.graph().append(std::make_shared<ReferenceObjectiveBackward>(),
                                                 {node.src[0], node.src[1], node.dst[1]}, "grad " + node.layer));
}

}  // namespace phosphene
