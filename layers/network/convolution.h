// Convolution: dst = correlate(src, weights) + bias, in groups; weights K x C/groups x R x S.
// Gradient: grad_src = the transpose of the correlation applied to grad_dst. Weights are constants.
#pragma once

#include "layers/network/window.h"
#include "runtime/graph.h"

namespace phosphene {

class Convolution final : public Op {
 public:
  // Throws when weights, bias and window do not fit each other.
  Convolution(WindowAttributes window, int64_t groups, Weights weights, Weights bias);

  [[nodiscard]] std::string_view kind() const override { return "convolution"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  // A convolution that computes only the output channels [first, first + count). Not for grouped convolutions.
  [[nodiscard]] std::shared_ptr<const Convolution> outputs(int64_t first, int64_t count) const;

  [[nodiscard]] const WindowAttributes& window() const { return window_; }
  [[nodiscard]] int64_t groups() const { return groups_; }
  [[nodiscard]] const Weights& weights() const { return weights_; }
  [[nodiscard]] const Weights& bias() const { return bias_; }

 private:
  WindowAttributes window_;
  int64_t groups_;
  Weights weights_, bias_;
};

}  // namespace phosphene
