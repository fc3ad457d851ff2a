#include "layers/objective/penalty.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

class PenaltyBackward final : public Op {
 public:
  explicit PenaltyBackward(PenaltyKind penalty) : penalty_(penalty) {}

  [[nodiscard]] std::string_view kind() const override { return "penalty backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return PenaltyBackwardProblem{src[0].shape, penalty_};
  }

 private:
  PenaltyKind penalty_;
};

}  // namespace

TensorInfo penalty_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(PenaltyRow)), 1, 1}, Layout::channels_last, DType::u8};
}

std::string_view Penalty::kind() const {
  switch (penalty_) {
    case PenaltyKind::total_variation:
      return "total variation";
    case PenaltyKind::l1:
      return "l1 penalty";
    case PenaltyKind::l2:
      return "l2 penalty";
    default:
      return "blur penalty";
  }
}

std::vector<TensorInfo> Penalty::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::planar || src[1] != penalty_rows(src[0].shape.n)) {
    fail_internal("", "a penalty on {} with rows {}", to_string(src[0].shape), to_string(src[1].shape));
  }
  const TensorInfo values{{src[0].shape.n, 1, 1, 1}, Layout::channels_last, DType::f32};
  return {values, values};
}

Problem Penalty::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return PenaltyProblem{src[0].shape, penalty_};
}

void Penalty::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0], differentiator.graph().append(std::make_shared<PenaltyBackward>(penalty_),
                                                 {node.src[0], node.src[1], node.dst[1]}, "grad " + node.layer));
}

}  // namespace phosphene
