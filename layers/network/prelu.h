// PReLU: dst = src > 0 ? src : slope[channel] src. Gradient and source: kernels/activation.h. It is not redirected: see
// with_relu_gradient (layers/network/activation.h).
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class PRelu final : public Op {
 public:
  // `slopes`: one for each channel, or one for all; any finite numbers.
  explicit PRelu(Weights slopes);

  [[nodiscard]] std::string_view kind() const override { return "prelu"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // value, slopes
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] const Weights& slopes() const { return slopes_; }

  // Appends the slopes of so many channels, for the op to read behind its value. Throws if there are neither as many nor one.
  [[nodiscard]] ValueId append_slopes(Graph& graph, int64_t channels, const std::string& name) const;

 private:
  Weights slopes_;
};

}  // namespace phosphene
