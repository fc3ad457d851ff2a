// ReLU: dst = max(src, 0). Gradient: grad_src = [dst > 0] grad_dst, so 0 at src = 0 (kernels/accumulate.h with a mask).
#pragma once

#include "runtime/graph.h"

namespace phosphene {

// plain: the derivative. redirected: kernels/redirected_relu.h. linear: all of the gradient passes, as through the identity.
enum class ReluGradient : uint8_t { plain, redirected, linear };

class Relu final : public Op {
 public:
  explicit Relu(ReluGradient gradient = ReluGradient::plain) : gradient_(gradient) {}

  [[nodiscard]] std::string_view kind() const override { return "relu"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  ReluGradient gradient_;
};

// Appends the redirected gradient of dst = min(max(src, floor), ceiling).
ValueId append_redirected_gradient(Graph& graph, ValueId grad_dst, ValueId src, float floor, float ceiling,
                                   const std::string& name);

}  // namespace phosphene
