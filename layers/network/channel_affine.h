// dst = factor src + shift with constants, each one number per channel, one for all, or none: what stands for batch normalisation, scales
// and constants where no convolution takes them up. Gradient and rounding: kernels/channel_affine.h.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class ChannelAffine final : public Op {
 public:
  // Weights of any shape; without data they are absent. Throws if both are.
  ChannelAffine(Weights factor, Weights shift);

  [[nodiscard]] std::string_view kind() const override { return "channel affine"; }
  [[nodiscard]] std::vector<OpConstant> constants() const override;
  // Throws unless a constant has one number or as many as there are channels.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] const Weights& factor() const { return factor_; }
  [[nodiscard]] const Weights& shift() const { return shift_; }
  // The same of channels [first, first + count) alone.
  [[nodiscard]] std::shared_ptr<const ChannelAffine> channels(int64_t first, int64_t count) const;

 private:
  Weights factor_, shift_;
};

}  // namespace phosphene
