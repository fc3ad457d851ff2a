// Depth to space, and back (formulas: kernels/pixel_shuffle.h): N x C B^2 x H x W <-> N x C x H B x W B. The gradient of one is the other.
#pragma once

#include "runtime/graph.h"
#include "runtime/problems/rearrange.h"

namespace phosphene {

class PixelShuffle final : public Op {
 public:
  // `block`: B, 1 to 1024. `to_depth`: from large maps of few channels to small ones of many.
  PixelShuffle(int64_t block, BlockOrder order, bool to_depth);

  [[nodiscard]] std::string_view kind() const override { return to_depth_ ? "space to depth" : "depth to space"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] int64_t block() const { return block_; }
  [[nodiscard]] BlockOrder order() const { return order_; }
  [[nodiscard]] bool to_depth() const { return to_depth_; }
  // The number of channels of dst. Throws unless B^2 divides those of src, where it must.
  [[nodiscard]] int64_t channels_of(int64_t channels) const;

 private:
  int64_t block_;
  BlockOrder order_;
  bool to_depth_;
};

}  // namespace phosphene
