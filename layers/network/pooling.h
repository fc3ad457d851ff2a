// Max and average pooling (kernels/pooling.h has the formulas). A global pooling's window is the whole map, whatever its size.
// Max pooling has two outputs: the maxima, and which tap each came from. The first maximum in row-major order gets the whole
// gradient; smoothed, it is spread over the window as the gradient of an average is.
#pragma once

#include "layers/network/window.h"
#include "runtime/graph.h"
#include "runtime/problems/network.h"

namespace phosphene {

class Pooling final : public Op {
 public:
  // `smoothed`: of max pooling's gradient.
  Pooling(PoolingKind kind, WindowAttributes window, PoolingDivisor divisor, bool global, bool smoothed = false);

  [[nodiscard]] std::string_view kind() const override {
    return kind_ == PoolingKind::max ? "max pooling" : "average pooling";
  }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] PoolingKind pooling_kind() const { return kind_; }
  [[nodiscard]] const WindowAttributes& window() const { return window_; }
  [[nodiscard]] PoolingDivisor divisor() const { return divisor_; }
  [[nodiscard]] bool global() const { return global_; }

 private:
  [[nodiscard]] SlidingWindow slide_over(const Shape& src) const;

  PoolingKind kind_;
  WindowAttributes window_;
  PoolingDivisor divisor_;
  bool global_, smoothed_;
};

}  // namespace phosphene
