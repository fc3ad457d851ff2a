// Linear (inner product): dst[n, k] = sum over c, h, w of weights[k, c, h, w] src[n, c, h, w] + bias[k].
// Gradient: grad_src[n, c, h, w] = sum over k of grad_dst[n, k] weights[k, c, h, w].
#pragma once

#include <memory>

#include "runtime/graph.h"

namespace phosphene {

class Linear final : public Op {
 public:
  // Weights K x C x H x W (features of a map, in the order c, h, w) or K x C.
  Linear(Weights weights, Weights bias);

  [[nodiscard]] std::string_view kind() const override { return "linear"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  // A linear layer that computes only the outputs [first, first + count).
  [[nodiscard]] std::shared_ptr<const Linear> outputs(int64_t first, int64_t count) const {
    return std::make_shared<Linear>(weights_.rows(first, count), bias_.rows(first, count));
  }

  [[nodiscard]] const Weights& weights() const { return weights_; }
  [[nodiscard]] const Weights& bias() const { return bias_; }

 private:
  Weights weights_, bias_;
};

}  // namespace phosphene
