// Local response normalisation across channels: kernels/lrn.h has the formulas.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class Lrn final : public Op {
 public:
  // The window has 2 radius + 1 channels; `alpha` is the factor of the sum as multiplied (Caffe's alpha / size).
  Lrn(int radius, float alpha, float beta, float k);

  [[nodiscard]] std::string_view kind() const override { return "lrn"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] int radius() const { return radius_; }
  [[nodiscard]] float alpha() const { return alpha_; }
  [[nodiscard]] float beta() const { return beta_; }
  [[nodiscard]] float k() const { return k_; }

 private:
  int radius_;
  float alpha_, beta_, k_;
};

}  // namespace phosphene
