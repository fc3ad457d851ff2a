#include "layers/network/group_norm.h"

#include <cmath>

#include "layers/network/channel_constants.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class GroupNormGradient final : public Op {
 public:
  GroupNormGradient(const GroupNormBackwardProblem& problem, Weights factor)
      : problem_(problem), factor_(std::move(factor)) {}

  [[nodiscard]] std::string_view kind() const override { return "group norm backward"; }
  [[nodiscard]] std::vector<OpConstant> constants() const override { return factor_and_shift(factor_, {}); }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  GroupNormBackwardProblem problem_;
  Weights factor_;
};

}  // namespace

GroupNorm::GroupNorm(int64_t groups, float epsilon, Weights factor, Weights shift)
    : groups_(groups), epsilon_(epsilon), factor_(as_row(std::move(factor))), shift_(as_row(std::move(shift))) {
  if (groups < 1) fail("", "expected 1 group of channels or more, got {}", groups);
  if (!(epsilon > 0) || !std::isfinite(epsilon)) fail("", "expected an epsilon above 0, got {}", epsilon);
}

std::vector<OpConstant> GroupNorm::constants() const { return factor_and_shift(factor_, shift_); }

std::vector<TensorInfo> GroupNorm::infer(std::span<const TensorInfo> src) const {
  require_channels_last(src, kind());
  const Shape& shape = src[0].shape;
  if (shape.c % groups_ != 0) fail("", "a value of shape {} in {} groups of channels", to_string(shape), groups_);
  for (const auto& [name, numbers] : constants()) require_one_per_channel(name, numbers, shape);
  return {src[0], {{shape.n, 2 * shape.c, 1, 1}, Layout::channels_last, DType::f32}};
}

Problem GroupNorm::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return GroupNormProblem{dst[0].shape,           groups_,     epsilon_, factor_.data != nullptr,
                          shift_.data != nullptr, dst[0].dtype};
}

void GroupNorm::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const TensorInfo& src = graph.info(node.src[0]);
  const GroupNormBackwardProblem problem{src.shape, groups_, factor_.data != nullptr, src.dtype};
  differentiator.contribute(node.src[0], graph.append(std::make_shared<GroupNormGradient>(problem, factor_),
                                                      {differentiator.gradient(node.dst[0]), node.src[0], node.dst[1]},
                                                      "grad " + node.layer));
}

}  // namespace phosphene
