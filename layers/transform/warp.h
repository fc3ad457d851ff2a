// One affine warp per image, fused with the network's preprocessing: planar image to channels_last network input; kernels/warp.h.
#pragma once

#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

class Warp final : public Op {
 public:
  // input[c] = scale[c] * sample[order[c]] - mean[c]; `scale`, `mean` and `order` have one entry per channel.
  // `storage`: of the input, and so of every value of the network behind it.
  Warp(int64_t network_h, int64_t network_w, Outside outside, std::vector<float> scale, std::vector<float> mean,
       std::vector<int> order, DType storage = DType::f32);

  [[nodiscard]] std::string_view kind() const override { return "warp"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // image, matrices
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  int64_t network_h_, network_w_;
  Outside outside_;
  std::vector<float> scale_, mean_;
  std::vector<int> order_;
  DType storage_;
};

}  // namespace phosphene
