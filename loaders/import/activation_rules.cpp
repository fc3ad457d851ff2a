// Activations.
#include <limits>

#include "layers/network/activation.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "loaders/import/rules.h"

namespace phosphene::source::activations {
namespace {

// An activation keeps the way in which the file sees a value.
void append_activation(Translation& node, std::shared_ptr<const Op> op) {
  const Value& src = node.input(0);
  Value dst = node.append(std::move(op), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

float number(Translation& node, const char* name, double otherwise) {
  return static_cast<float>(node.attributes().number(name, otherwise));
}

void relu(Translation& node) { append_activation(node, std::make_shared<Relu>()); }
void leaky_relu(Translation& node) { append_activation(node, Activation::leaky_relu(number(node, "alpha", 0.01))); }
void elu(Translation& node) { append_activation(node, Activation::elu(number(node, "alpha", 1))); }
void selu(Translation& node) {
  const float alpha = number(node, "alpha", 1.67326319217681884765625);
  append_activation(node, Activation::elu(alpha, number(node, "gamma", 1.05070102214813232421875)));
}
void sigmoid(Translation& node) { append_activation(node, Activation::sigmoid()); }
void tanh(Translation& node) { append_activation(node, Activation::tanh()); }
void hard_sigmoid(Translation& node) {
  const float alpha = number(node, "alpha", 0.2);
  append_activation(node, Activation::hard_sigmoid(alpha, number(node, "beta", 0.5)));
}
void hard_swish(Translation& node) { append_activation(node, Activation::hard_swish()); }
void softplus(Translation& node) { append_activation(node, Activation::softplus()); }
void mish(Translation& node) { append_activation(node, Activation::mish()); }
void swish(Translation& node) { append_activation(node, Activation::swish(number(node, "alpha", 1))); }
void gelu(Translation& node) {
  const bool by_tanh = node.attributes().word("approximate", "none", {"none", "tanh"}) == "tanh";
  append_activation(node, by_tanh ? Activation::gelu_tanh() : Activation::gelu());
}

// https://onnx.ai/onnx/operators/onnx__Clip.html: bounds are inputs.
void clip(Translation& node) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double low = node.has(1) ? node.scalar(1) : -kInfinity, high = node.has(2) ? node.scalar(2) : kInfinity;
  if (!(low <= high)) node.refuse("clips to [{}, {}]", low, high);
  if (low == 0 && high >= std::numeric_limits<float>::max()) return relu(node);
  append_activation(node, Activation::clip(static_cast<float>(low), static_cast<float>(high)));
}

// One slope, or one for each channel: a list of them where `slope_axis` is 1. https://onnx.ai/onnx/operators/onnx__PRelu.html
void prelu(Translation& node) {
  Constant given = node.constant(1);
  const bool along_channels = node.attributes().integer("slope_axis", 0, 1, 1) == 1;
  for (size_t rank = node.input(0).view.rank(); along_channels && given.dims.size() + 1 < rank;)
    given.dims.push_back(1);
  std::vector<float> slopes = arithmetic::per_channel(node, node.input(0), given);
  const auto count = std::ssize(slopes);
  append_activation(node, std::make_shared<PRelu>(Weights::from(std::move(slopes), {count})));
}

// https://onnx.ai/onnx/operators/onnx__Softmax.html, over channels.
void softmax(Translation& node) {
  const size_t rank = node.input(0).view.rank();
  const size_t dimension = node.dimension(node.attributes().integer("axis", -1, -8, 8), rank);
  const bool flattens =
      node.attributes().flag("coerce_to_2d", false);  // before opset 13: over this dimension and all after it
  const Value src = node.with_channels(node.input(0), dimension);
  if (flattens && src.shape.h * src.shape.w > 1)
    node.refuse("a softmax over channels and positions together is not supported");
  Value dst = node.append(std::make_shared<Softmax>(), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"Relu", relu},
                              {"LeakyRelu", leaky_relu},
                              {"Elu", elu},
                              {"Selu", selu},
                              {"Sigmoid", sigmoid},
                              {"Tanh", tanh},
                              {"Clip", clip},
                              {"HardSigmoid", hard_sigmoid},
                              {"HardSwish", hard_swish},
                              {"Softplus", softplus},
                              {"Mish", mish},
                              {"Swish", swish},
                              {"Gelu", gelu},
                              {"PRelu", prelu},
                              {"Softmax", softmax},
                              {"tf.Elu", elu},
                              {"tf.Selu", selu},
                              {"tf.Sigmoid", sigmoid},
                              {"tf.Tanh", tanh},
                              {"tf.Softplus", softplus}};
  return table;
}

}  // namespace phosphene::source::activations
