#include "layers/objective/penalty.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class PenaltyBackward final : public Op {
 public:
  PenaltyBackward(PenaltyKind penalty, int64_t border) : penalty_(penalty), border_(border) {}

  [[nodiscard]] std::string_view kind() const override { return "penalty backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return PenaltyBackwardProblem{src[0].shape, penalty_, border_};
  }

 private:
  PenaltyKind penalty_;
  int64_t border_;
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
    case PenaltyKind::blur:
      return "blur penalty";
    case PenaltyKind::blur_through:
      return "blur penalty through the blur";
    case PenaltyKind::boundary_complexity:
      return "boundary complexity";
    case PenaltyKind::input_difference:
      return "input difference";
    case PenaltyKind::input_mean_square:
      return "mean square of the input difference";
  }
  return "";
}

std::vector<TensorInfo> Penalty::infer(std::span<const TensorInfo> src) const {
  const TensorInfo& image = src[0];
  if (image.layout != Layout::planar || src[1] != penalty_rows(image.shape.n)) {
    fail_internal("", "a penalty on {} with rows {}", to_string(image.shape), to_string(src[1].shape));
  }
  const bool reads_picture = penalty_ == PenaltyKind::input_difference || penalty_ == PenaltyKind::input_mean_square;
  if (reads_picture && (src.size() != 3 || src[2] != image))
    fail_internal("", "the image {} and its reference picture have different shapes", to_string(image.shape));
  const TensorInfo values{{image.shape.n, 1, 1, 1}, Layout::channels_last, DType::f32};
  const bool blurs = penalty_ == PenaltyKind::blur_through || penalty_ == PenaltyKind::boundary_complexity;
  return {values, blurs ? image : values};
}

Problem Penalty::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return PenaltyProblem{src[0].shape, penalty_, border_};
}

void Penalty::differentiate(Differentiator& differentiator, const Node& node) const {
  std::vector<ValueId> src = {node.src[0], node.src[1], node.dst[1]};
  if (node.src.size() == 3) src.push_back(node.src[2]);
  differentiator.contribute(
      node.src[0],
      differentiator.graph().append(std::make_shared<PenaltyBackward>(penalty_, border_), src, "grad " + node.layer));
}

}  // namespace phosphene
