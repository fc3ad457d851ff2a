#include "layers/network/channel_affine.h"

#include "layers/network/channel_constants.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

int64_t count_of(const Weights& constant) { return constant.data == nullptr ? 0 : constant.elements(); }

Weights some_channels(const Weights& constant, int64_t first, int64_t count) {
  return count_of(constant) <= 1 ? constant : constant.rows(first, count);
}

}  // namespace

ChannelAffine::ChannelAffine(Weights factor, Weights shift)
    : factor_(as_row(std::move(factor))), shift_(as_row(std::move(shift))) {
  if (factor_.data == nullptr && shift_.data == nullptr) fail("", "neither a factor nor a shift");
}

std::vector<OpConstant> ChannelAffine::constants() const { return factor_and_shift(factor_, shift_); }

std::vector<TensorInfo> ChannelAffine::infer(std::span<const TensorInfo> src) const {
  require_channels_last(src, kind());
  for (const auto& [name, numbers] : constants())
    if (numbers.elements() != 1) require_one_per_channel(name, numbers, src[0].shape);
  return {src[0]};
}

Problem ChannelAffine::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return ChannelAffineProblem{dst[0].shape, count_of(factor_), count_of(shift_), dst[0].dtype};
}

void ChannelAffine::differentiate(Differentiator& differentiator, const Node& node) const {
  ValueId gradient = differentiator.gradient(node.dst[0]);
  if (factor_.data != nullptr) {
    gradient = differentiator.graph().append(std::make_shared<ChannelAffine>(factor_, Weights{}), {gradient},
                                             "grad " + node.layer);
  }
  differentiator.contribute(node.src[0], gradient);
}

std::shared_ptr<const ChannelAffine> ChannelAffine::channels(int64_t first, int64_t count) const {
  return std::make_shared<ChannelAffine>(some_channels(factor_, first, count), some_channels(shift_, first, count));
}

}  // namespace phosphene
