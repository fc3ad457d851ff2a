#include "layers/objective/unit_objective.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

class UnitObjectiveBackward final : public Op {
 public:
  explicit UnitObjectiveBackward(const TensorInfo& src) : src_(src) {}

  [[nodiscard]] std::string_view kind() const override { return "unit objective backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {src_}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return UnitObjectiveBackwardProblem{src_.shape, src_.dtype};
  }

 private:
  TensorInfo src_;
};

}  // namespace

TensorInfo unit_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(UnitRow)), 1, 1}, Layout::channels_last, DType::u8};
}

std::vector<TensorInfo> UnitObjective::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::channels_last || src[1] != unit_rows(src[0].shape.n)) {
    fail_internal("", "a unit objective on {} with rows {}", to_string(src[0].shape), to_string(src[1].shape));
  }
  return {{{src[0].shape.n, 1, 1, 1}, Layout::channels_last, DType::f32}};
}

Problem UnitObjective::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return UnitObjectiveProblem{src[0].shape, src[0].dtype};
}

void UnitObjective::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  differentiator.contribute(node.src[0], graph.append(std::make_shared<UnitObjectiveBackward>(graph.info(node.src[0])),
                                                      {node.src[1]}, "grad " + node.layer));
}

}  // namespace phosphene
