// From an image before colour to values in [0, 1]: decorrelated colours (three channels) and a sigmoid, or a clip;
// kernels/colour.h.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Colour final : public Op {
 public:
  // Clipped colours are decorrelated ones.
  explicit Colour(bool decorrelated, bool clipped = false) : decorrelated_(decorrelated), clipped_(clipped) {}

  [[nodiscard]] std::string_view kind() const override { return "colour"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  bool decorrelated_, clipped_;
};

}  // namespace phosphene
