#include "layers/objective/layer_objective.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class LayerObjectiveBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "layer objective backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return LayerObjectiveBackwardProblem{src[0].shape, src[0].dtype};
  }
};

}  // namespace

TensorInfo layer_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(LayerRow)), 1, 1}, Layout::channels_last, DType::u8};
}

std::vector<TensorInfo> LayerObjective::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::channels_last || src[1] != layer_rows(src[0].shape.n)) {
    fail_internal("", "layer objective on {} with rows {}", to_string(src[0].shape), to_string(src[1].shape));
  }
  return {{{src[0].shape.n, 1, 1, 1}, Layout::channels_last, DType::f32}};
}

Problem LayerObjective::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return LayerObjectiveProblem{src[0].shape, src[0].dtype};
}

void LayerObjective::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(node.src[0], differentiator.graph().append(std::make_shared<LayerObjectiveBackward>(),
                                                                       node.src, "grad " + node.layer));
}

}  // namespace phosphene
