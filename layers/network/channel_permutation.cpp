#include "layers/network/channel_permutation.h"

#include "layers/network/gradient_op.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kMostOrdered = 1 << 16;  // a channel is 16 bits of a launch

}  // namespace

ChannelPermutation::ChannelPermutation(const std::vector<int64_t>& order) {
  const auto count = std::ssize(order);
  if (count < 1 || count > kMostOrdered) fail("", "an order of {} channels; 1 to {} are possible", count, kMostOrdered);
  std::vector<bool> taken(order.size());
  for (const int64_t channel : order) {
    if (channel < 0 || channel >= count) fail("", "an order of {} channels names channel {}", count, channel);
    if (taken[static_cast<size_t>(channel)]) fail("", "an order of channels names channel {} twice", channel);
    taken[static_cast<size_t>(channel)] = true;
    order_.push_back(static_cast<uint16_t>(channel));
  }
}

std::shared_ptr<const ChannelPermutation> ChannelPermutation::shuffle(int64_t channels, int64_t groups) {
  if (groups < 1 || channels < 1 || channels % groups != 0) fail("", "{} channels in {} groups", channels, groups);
  std::vector<int64_t> order;
  for (int64_t k = 0; k < channels; ++k) order.push_back(k % groups * (channels / groups) + k / groups);
  return std::make_shared<ChannelPermutation>(order);
}

std::vector<TensorInfo> ChannelPermutation::infer(std::span<const TensorInfo> src) const {
  if (src[0].shape.c != std::ssize(order_))
    fail("", "an order of {} channels for a value of shape {}", order_.size(), to_string(src[0].shape));
  return {src[0]};
}

Problem ChannelPermutation::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return ChannelPermutationProblem{src[0].shape, order_, src[0].dtype};
}

void ChannelPermutation::differentiate(Differentiator& differentiator, const Node& node) const {
  std::vector<int64_t> inverse(order_.size());
  for (size_t k = 0; k < order_.size(); ++k) inverse[order_[k]] = static_cast<int64_t>(k);
  contribute_through(std::make_shared<ChannelPermutation>(inverse), differentiator, node);
}

}  // namespace phosphene
