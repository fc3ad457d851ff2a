#include "layers/network/activation.h"

#include <algorithm>
#include <cmath>

#include "layers/network/prelu.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

constexpr ActivationForm kForms[] = {{ActivationKind::clip, "clip", {"low", "high"}},
                                     {ActivationKind::leaky_relu, "leaky relu", {"slope"}},
                                     {ActivationKind::elu, "elu", {"alpha", "gamma"}},
                                     {ActivationKind::sigmoid, "sigmoid", {}},
                                     {ActivationKind::tanh, "tanh", {}},
                                     {ActivationKind::hard_sigmoid, "hard sigmoid", {"alpha", "beta"}},
                                     {ActivationKind::hard_swish, "hard swish", {}},
                                     {ActivationKind::swish, "swish", {"beta"}},
                                     {ActivationKind::gelu, "gelu", {}},
                                     {ActivationKind::gelu_tanh, "gelu tanh", {}},
                                     {ActivationKind::softplus, "softplus", {}},
                                     {ActivationKind::mish, "mish", {}}};

class ActivationBackward final : public Op {
 public:
  explicit ActivationBackward(const ActivationFunction& function) : function_(function) {}

  [[nodiscard]] std::string_view kind() const override { return "activation backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return ActivationBackwardProblem{dst[0].shape.elements(), function_, dst[0].dtype};
  }

 private:
  ActivationFunction function_;
};

std::shared_ptr<const Activation> make(ActivationKind kind, float a = 0, float b = 0) {
  return std::make_shared<Activation>(ActivationFunction{kind, a, b});
}

}  // namespace

Activation::Activation(const ActivationFunction& function, ReluGradient gradient)
    : function_(function), gradient_(gradient) {
  const auto& [kind, a, b] = function_;
  const ActivationForm& form = form_of(kind);
  if (clips()) {
    if (!(a < b)) fail("", "expected a clip whose low is less than its high, got {} and {}", a, b);
  } else {
    for (const auto& [name, number] : {std::pair{form.numbers[0], a}, {form.numbers[1], b}})
      if (!std::isfinite(number)) fail("", "expected a finite {} of a {}, got {}", name, form.name, number);
  }
  if (kind == ActivationKind::elu && (a < 0 || b <= 0))
    fail("", "expected an elu's alpha of 0 or more and its gamma above 0, got {} and {}", a, b);
  if (gradient_ != ReluGradient::plain && !clips())
    fail_internal("", "a {} with the gradient of another function", form.name);
}

std::shared_ptr<const Activation> Activation::clip(float low, float high) {
  return make(ActivationKind::clip, low, high);
}
std::shared_ptr<const Activation> Activation::leaky_relu(float slope) {
  return make(ActivationKind::leaky_relu, slope);
}
std::shared_ptr<const Activation> Activation::elu(float alpha, float gamma) {
  return make(ActivationKind::elu, alpha, gamma);
}
std::shared_ptr<const Activation> Activation::sigmoid() { return make(ActivationKind::sigmoid); }
std::shared_ptr<const Activation> Activation::tanh() { return make(ActivationKind::tanh); }
std::shared_ptr<const Activation> Activation::hard_sigmoid(float alpha, float beta) {
  return make(ActivationKind::hard_sigmoid, alpha, beta);
}
std::shared_ptr<const Activation> Activation::hard_swish() { return make(ActivationKind::hard_swish); }
std::shared_ptr<const Activation> Activation::swish(float beta) { return make(ActivationKind::swish, beta); }
std::shared_ptr<const Activation> Activation::gelu() { return make(ActivationKind::gelu); }
std::shared_ptr<const Activation> Activation::gelu_tanh() { return make(ActivationKind::gelu_tanh); }
std::shared_ptr<const Activation> Activation::softplus() { return make(ActivationKind::softplus); }
std::shared_ptr<const Activation> Activation::mish() { return make(ActivationKind::mish); }

std::string_view Activation::kind() const { return form_of(function_.kind).name; }

Problem Activation::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return ActivationProblem{src[0].shape.elements(), function_, src[0].dtype};
}

void Activation::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const ValueId grad_dst = differentiator.gradient(node.dst[0]), src = node.src[0];
  const std::string name = "grad " + node.layer;
  if (gradient_ == ReluGradient::linear) return differentiator.contribute(src, grad_dst);
  if (gradient_ == ReluGradient::redirected) {
    return differentiator.contribute(src,
                                     append_redirected_gradient(graph, grad_dst, src, function_.a, function_.b, name));
  }
  const ValueId read = gradient_reads_dst(function_) ? node.dst[0] : src;
  differentiator.contribute(src, graph.append(std::make_shared<ActivationBackward>(function_), {grad_dst, read}, name));
}

std::span<const ActivationForm> activation_forms() { return kForms; }

const ActivationForm& form_of(ActivationKind kind) {
  return *std::find_if(std::begin(kForms), std::end(kForms),
                       [kind](const ActivationForm& form) { return form.kind == kind; });
}

bool is_activation(const Op& op) {
  return dynamic_cast<const Relu*>(&op) != nullptr || dynamic_cast<const Activation*>(&op) != nullptr ||
         dynamic_cast<const PRelu*>(&op) != nullptr;
}

std::shared_ptr<const Op> with_relu_gradient(const Op& op, ReluGradient gradient) {
  if (dynamic_cast<const Relu*>(&op) != nullptr) return std::make_shared<Relu>(gradient);
  const auto* activation = dynamic_cast<const Activation*>(&op);
  if (activation == nullptr || !activation->clips()) return nullptr;
  return std::make_shared<Activation>(activation->function(), gradient);
}

}  // namespace phosphene
