#include "layers/objective/unit_objective.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class UnitObjectiveBackward final : public Op {
 public:
  UnitObjectiveBackward(const TensorInfo& src, bool scaled) : src_(src), scaled_(scaled) {}

  [[nodiscard]] std::string_view kind() const override { return "unit objective backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override { return {src_}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return UnitObjectiveBackwardProblem{src_.shape, src_.dtype, scaled_};
  }

 private:
  TensorInfo src_;
  bool scaled_;  // by the gradient of the value
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
  std::vector<ValueId> src = {node.src[1]};
  if (of_another_) src.push_back(differentiator.gradient(node.dst[0]));
  const auto backward = std::make_shared<UnitObjectiveBackward>(graph.info(node.src[0]), of_another_);
  differentiator.contribute(node.src[0], graph.append(backward, src, "grad " + node.layer));
}

}  // namespace phosphene
