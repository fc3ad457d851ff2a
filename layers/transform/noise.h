// Normally distributed noise on what a network sees, another at each step; kernels/normal.h. The gradient passes as it is.
#pragma once

#include <vector>

#include "runtime/graph.h"

namespace phosphene {

class Noise final : public Op {
 public:
  // The deviation of each channel of the network's input.
  explicit Noise(std::vector<float> deviation) : deviation_(std::move(deviation)) {}

  [[nodiscard]] std::string_view kind() const override { return "noise"; }
  // A channels_last value, the images' draw keys, the step's number.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  std::vector<float> deviation_;
};

}  // namespace phosphene
