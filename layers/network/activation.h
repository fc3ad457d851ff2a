// Activation functions but for the plain ReLU (layers/network/relu.h): dst = f(src), number by number. Formulas, gradients and sources:
// kernels/activation.h.
#pragma once

#include <array>
#include <limits>
#include <span>

#include "layers/network/relu.h"
#include "runtime/graph.h"
#include "runtime/problems/activation.h"

namespace phosphene {

class Activation final : public Op {
 public:
  // Throws for numbers that are not finite (but for a clip's missing end), for a clip that is empty, and for an ELU with alpha < 0 or
  // gamma <= 0, whose derivative would not follow from its value. `gradient` is of clips.
  explicit Activation(const ActivationFunction& function, ReluGradient gradient = ReluGradient::plain);

  static std::shared_ptr<const Activation> clip(float low, float high);  // either may be infinite
  static std::shared_ptr<const Activation> relu6() { return clip(0, 6); }
  static std::shared_ptr<const Activation> leaky_relu(float slope);
  static std::shared_ptr<const Activation> elu(float alpha = 1, float gamma = 1);
  static std::shared_ptr<const Activation> selu() { return elu(1.67326324F, 1.05070099F); }
  static std::shared_ptr<const Activation> sigmoid();
  static std::shared_ptr<const Activation> tanh();
  static std::shared_ptr<const Activation> hard_sigmoid(float alpha = 1.F / 6, float beta = 0.5F);
  static std::shared_ptr<const Activation> hard_swish();
  static std::shared_ptr<const Activation> swish(float beta);
  static std::shared_ptr<const Activation> silu() { return swish(1); }
  static std::shared_ptr<const Activation> gelu();
  static std::shared_ptr<const Activation> gelu_tanh();
  static std::shared_ptr<const Activation> softplus();
  static std::shared_ptr<const Activation> mish();

  [[nodiscard]] std::string_view kind() const override;  // "clip": the form's name
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] const ActivationFunction& function() const { return function_; }
  [[nodiscard]] bool clips() const { return function_.kind == ActivationKind::clip; }

 private:
  ActivationFunction function_;
  ReluGradient gradient_;
};

// How a kind and its numbers are called where files name them; "" for numbers that it does not have.
struct ActivationForm {
  ActivationKind kind;
  std::string_view name;
  std::array<std::string_view, 2> numbers;
};
std::span<const ActivationForm> activation_forms();
const ActivationForm& form_of(ActivationKind kind);

// Whether an op is an activation function, a ReLU and a PReLU included: ":pre" means the value before it.
bool is_activation(const Op& op);

// A ReLU, or a clip such as ReLU6, with another gradient; null for any other op. A leaky ReLU and a PReLU keep their own: it is nowhere
// 0, so a silent unit needs no other.
std::shared_ptr<const Op> with_relu_gradient(const Op& op, ReluGradient gradient);

}  // namespace phosphene
