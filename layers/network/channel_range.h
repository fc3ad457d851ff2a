// Neighbouring channels of a network's value: dst[n, k] = src[n, first + k], k below `count`. Gradient: grad_dst in its place, and 0 in
// the other channels. (ChannelSlice is the same for planar images.)
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class ChannelRange final : public Op {
 public:
  // Throws unless `first` is 0 or more and `count` 1 or more.
  ChannelRange(int64_t first, int64_t count);

  [[nodiscard]] std::string_view kind() const override { return "channel slice"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] int64_t first() const { return first_; }
  [[nodiscard]] int64_t count() const { return count_; }

 private:
  int64_t first_, count_;
};

}  // namespace phosphene
