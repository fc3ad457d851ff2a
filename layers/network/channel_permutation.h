// Channels in another order: dst[n, k] = src[n, order[k]]. Gradient: the inverse order.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class ChannelPermutation final : public Op {
 public:
  // `order`: each number below its length once. Throws where it is not, or longer than 65536.
  explicit ChannelPermutation(const std::vector<int64_t>& order);
  // ShuffleNet's: `channels` as `groups` rows, read by columns (kernels/channel_permutation.h). Throws unless groups divide them.
  static std::shared_ptr<const ChannelPermutation> shuffle(int64_t channels, int64_t groups);

  [[nodiscard]] std::string_view kind() const override { return "channel permutation"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] std::vector<int64_t> order() const { return {order_.begin(), order_.end()}; }
  // The channel of src that channel `k` of dst is.
  [[nodiscard]] int64_t source(int64_t k) const { return order_.at(static_cast<size_t>(k)); }

 private:
  std::vector<uint16_t> order_;
};

}  // namespace phosphene
