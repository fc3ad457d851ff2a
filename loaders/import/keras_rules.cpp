// Keras' layers (loaders/keras). A node's inputs are its values, then its numbers. https://keras.io/api/layers
#include <algorithm>
#include <cmath>
#include <limits>

#include "layers/network/activation.h"
#include "layers/network/channel_affine.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pad.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "loaders/import/batch_norm.h"
#include "loaders/import/kernels_last.h"
#include "loaders/import/rules.h"
#include "runtime/error.h"

namespace phosphene::source::keras {
namespace {

constexpr int64_t kMaxTaps = 1 << 16, kMaxFilters = 1 << 20;

void check_order(Translation& node) { node.attributes().word("data_format", "channels_last", {"channels_last"}); }

Value image(Translation& node) {
  check_order(node);
  return node.image(0, kChannelsLast);
}

Value channels_last(Value value) {
  value.view = View::of(value.shape, kChannelsLast);
  return value;
}

// ---- activations, by themselves and as an attribute of other layers

std::shared_ptr<const Op> activation_called(Translation& node, const std::string& name) {
  if (name == "relu") return std::make_shared<Relu>();
  if (name == "relu6") return Activation::relu6();
  if (name == "elu") return Activation::elu();
  if (name == "selu") return Activation::selu();
  if (name == "sigmoid") return Activation::sigmoid();
  if (name == "tanh") return Activation::tanh();
  if (name == "softplus") return Activation::softplus();
  if (name == "swish" || name == "silu") return Activation::silu();
  if (name == "hard_sigmoid") return Activation::hard_sigmoid();
  if (name == "hard_swish" || name == "hard_silu") return Activation::hard_swish();
  if (name == "gelu") return Activation::gelu();
  if (name == "mish") return Activation::mish();
  if (name == "softmax") return std::make_shared<Softmax>();
  node.refuse("the activation '{}' is not supported", name.substr(0, 40));
}

// A layer with an activation is two: "NAME:pre" and, behind its activation, "NAME".
std::string suffix_of(Translation& node) {
  return node.attributes().text("activation", "linear") == "linear" ? "" : ":pre";
}

// Gives a layer's value, behind the activation that it has.
void give(Translation& node, Value value) {
  const std::string name = node.attributes().text("activation", "linear");
  if (name == "linear") return node.result(std::move(value));
  const View view = value.view;
  Value activated = node.append(activation_called(node, name), {value});
  activated.view = view;
  node.result(std::move(activated));
}

void activate(Translation& node, std::shared_ptr<const Op> op) {
  Value dst = node.append(std::move(op), {node.input(0)});
  dst.view = node.input(0).view;
  node.result(std::move(dst));
}

void activation(Translation& node) {
  if (!node.attributes().has("activation")) node.refuse("the attribute activation is missing");
  const std::string name = node.attributes().text("activation", "linear");
  if (name == "linear") return node.result(node.input(0));
  activate(node, activation_called(node, name));
}

// max_value, negative_slope and threshold; in Keras 2 alpha is LeakyReLU's slope.
void relu(Translation& node) {
  const double most = node.attributes().number("max_value", std::numeric_limits<float>::infinity());
  const double slope = node.attributes().number("negative_slope", 0),
               threshold = node.attributes().number("threshold", 0);
  if (threshold != 0 || (slope != 0 && std::isfinite(most)))
    node.refuse("a threshold, or a slope with a limit, is not supported");
  if (slope != 0) return activate(node, Activation::leaky_relu(static_cast<float>(slope)));
  activate(node, std::isfinite(most) ? std::shared_ptr<const Op>(Activation::clip(0, static_cast<float>(most)))
                                     : std::make_shared<Relu>());
}

void leaky_relu(Translation& node) {
  const double slope = node.attributes().number("negative_slope", node.attributes().number("alpha", 0.3));
  activate(node, Activation::leaky_relu(static_cast<float>(slope)));
}

void elu(Translation& node) {
  activate(node, Activation::elu(static_cast<float>(node.attributes().number("alpha", 1))));
}

void softmax(Translation& node) {
  if (node.dimension(node.attributes().integer("axis", -1, -8, 8), node.input(0).view.rank()) + 1 !=
      node.input(0).view.rank())
    node.refuse("is supported over channels, the last axis, alone");
  activate(node, std::make_shared<Softmax>());
}

// ---- convolutions and linear layers

std::pair<int64_t, int64_t> pair_of(Translation& node, const char* name, int64_t otherwise) {
  const std::vector<int64_t> given = node.attributes().integers(name, 1, kMaxTaps);
  if (given.empty()) return {otherwise, otherwise};
  if (given.size() > 2) node.refuse("{} has {} numbers; expected two", name, given.size());
  return {given.front(), given.back()};
}

WindowAttributes window_of(Translation& node, const char* size, const Weights* weights) {
  WindowAttributes window;
  std::tie(window.r, window.s) = pair_of(node, size, weights == nullptr ? 2 : 0);
  if (window.r == 0) node.refuse("the attribute {} is missing", size);
  if (weights != nullptr && (window.r != weights->shape[2] || window.s != weights->shape[3]))
    node.refuse("{} is {}x{}, but the kernel has {}x{}", size, window.r, window.s, weights->shape[2],
                weights->shape[3]);
  std::tie(window.stride_h, window.stride_w) = pair_of(node, "strides", 1);
  window.same = node.attributes().word("padding", "valid", {"valid", "same"}) == "same";
  return window;
}

// A constant behind the data, if the layer has one more.
Weights bias_of(Translation& node, size_t input, int64_t k) {
  if (!node.attributes().flag("use_bias", true)) return {};
  Weights bias = node.weights(input);
  if (bias.elements() != k) node.refuse("{} biases for {} outputs", bias.elements(), k);
  return bias;
}

void check_inputs(Translation& node, size_t count) {
  if (node.inputs() != count) node.refuse("has {} inputs and numbers; expected {}", node.inputs(), count);
}

void convolve(Translation& node, bool depthwise) {
  const Value src = image(node);
  Weights weights = depthwise ? depthwise_kernel(node, 1) : kernel(node, 1);
  WindowAttributes window = window_of(node, "kernel_size", &weights);
  std::tie(window.dilation_h, window.dilation_w) = pair_of(node, "dilation_rate", 1);
  const int64_t k = weights.shape[0];
  const int64_t given = node.attributes().integer("groups", 1, 1, depthwise ? 1 : kMaxFilters);
  const int64_t groups = depthwise ? src.shape.c : given;
  if (!depthwise && node.attributes().integer("filters", k, 1, kMaxFilters) != k)
    node.refuse("filters is not the kernel's {}", k);
  if (depthwise && node.attributes().integer("depth_multiplier", 1, 1, kMaxFilters) * src.shape.c != k)
    node.refuse("depth_multiplier is not the kernel's {}", k);
  Weights bias = bias_of(node, 2, k);
  check_inputs(node, bias.data == nullptr ? 2 : 3);
  give(node,
       channels_last(node.append(std::make_shared<Convolution>(window, groups, std::move(weights), std::move(bias)),
                                 {src}, suffix_of(node))));
}

void convolution(Translation& node) { convolve(node, false); }
void depthwise(Translation& node) { convolve(node, true); }

// Depthwise, then 1x1; the activation and the bias are the second's.
void separable(Translation& node) {
  const Value src = image(node);
  Weights each = depthwise_kernel(node, 1), across = kernel(node, 2);
  WindowAttributes window = window_of(node, "kernel_size", &each);
  std::tie(window.dilation_h, window.dilation_w) = pair_of(node, "dilation_rate", 1);
  node.attributes().integer("filters", across.shape[0], across.shape[0], across.shape[0]);
  node.attributes().integer("depth_multiplier", 1, 1, kMaxFilters);
  node.attributes().integer("groups", 1, 1, 1);
  Weights bias = bias_of(node, 3, across.shape[0]);
  check_inputs(node, bias.data == nullptr ? 3 : 4);
  const Value middle =
      node.append(std::make_shared<Convolution>(window, src.shape.c, std::move(each), Weights{}), {src}, ":depthwise");
  give(node, channels_last(
                 node.append(std::make_shared<Convolution>(WindowAttributes{}, 1, std::move(across), std::move(bias)),
                             {middle}, suffix_of(node))));
}

// Along the last dimension. The kernel is features x units.
void dense(Translation& node) {
  const Weights kernel = node.weights(1);
  if (kernel.shape.size() != 2) node.refuse("a kernel of {} dimensions; expected two", kernel.shape.size());
  const int64_t c = kernel.shape[0], k = kernel.shape[1];
  node.attributes().integer("units", k, k, k);
  Weights bias = bias_of(node, 2, k);
  check_inputs(node, bias.data == nullptr ? 2 : 3);
  std::vector<float> rows(static_cast<size_t>(kernel.elements()));
  for (int64_t i = 0; i < c; ++i) {
    for (int64_t o = 0; o < k; ++o) rows[static_cast<size_t>(o * c + i)] = kernel.data[i * k + o];
  }
  give(node, convolutions::multiplied(node, node.input(0).view.rank() - 1, Weights::from(std::move(rows), {k, c}),
                                      std::move(bias), suffix_of(node)));
}

// ---- normalisations and numbers

void affine(Translation& node, std::vector<float> factor, std::vector<float> shift) {
  const Value src = node.with_channels(node.input(0), node.input(0).view.rank() - 1);
  const auto of = [](std::vector<float> numbers) {
    const auto count = std::ssize(numbers);
    return Weights::from(std::move(numbers), {count});
  };
  Value dst = node.append(std::make_shared<ChannelAffine>(of(std::move(factor)), of(std::move(shift))), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

void batch_norm(Translation& node) {
  const Value& src = node.input(0);
  const std::vector<int64_t> axis = node.attributes().integers("axis", -8, 8);  // in old files a list of one
  if (axis.size() > 1 || (!axis.empty() && node.dimension(axis[0], src.view.rank()) + 1 != src.view.rank()))
    node.refuse("is supported over channels, the last axis, alone");
  node.attributes().ignore({"momentum", "synchronized", "virtual_batch_size", "renorm", "fused"});
  const double epsilon = node.attributes().number("epsilon", 1e-3);
  const bool scales = node.attributes().flag("scale", true), centres = node.attributes().flag("center", true);
  size_t at = 1;
  const int64_t c = src.shape.c;
  const auto next = [&](bool there) {
    if (!there) return Weights{};
    Weights weights = node.weights(at++);
    if (weights.elements() != c) node.refuse("holds {} numbers for {} channels", weights.elements(), c);
    return weights;
  };
  const Weights gamma = next(scales), beta = next(centres), mean = next(true), variance = next(true);
  check_inputs(node, at);
  node.result(
      append_batch_norm(node, node.with_channels(src, src.view.rank() - 1), gamma, beta, mean, variance, epsilon));
}

std::vector<float> floats(const std::vector<double>& numbers) { return {numbers.begin(), numbers.end()}; }

// One number, or one for each channel.
std::vector<double> numbers_of(Translation& node, const char* name, double otherwise) {
  if (!node.attributes().has(name)) return {otherwise};
  const Attribute& given = node.node().attributes.at(name);
  const bool one = std::holds_alternative<double>(given) || std::holds_alternative<int64_t>(given);
  std::vector<double> numbers =
      one ? std::vector<double>{node.attributes().number(name, otherwise)} : node.attributes().numbers(name);
  if (numbers.size() != 1 && std::ssize(numbers) != node.input(0).shape.c)
    node.refuse("{} has {} numbers for {} channels", name, numbers.size(), node.input(0).shape.c);
  return numbers;
}

void rescaling(Translation& node) {
  std::vector<float> scale = floats(numbers_of(node, "scale", 1));
  affine(node, std::move(scale), floats(numbers_of(node, "offset", 0)));
}

// ---- poolings and shapes

void pool(Translation& node, PoolingKind kind) {
  const Value src = image(node);
  WindowAttributes window = window_of(node, "pool_size", nullptr);
  if (!node.attributes().has("strides")) std::tie(window.stride_h, window.stride_w) = std::pair(window.r, window.s);
  node.result(
      channels_last(node.append(std::make_shared<Pooling>(kind, window, PoolingDivisor::inside, false), {src})));
}

void max_pool(Translation& node) { pool(node, PoolingKind::max); }
void average_pool(Translation& node) { pool(node, PoolingKind::average); }

void global_pool(Translation& node, PoolingKind kind) {
  Value dst =
      node.append(std::make_shared<Pooling>(kind, WindowAttributes{}, PoolingDivisor::padded, true), {image(node)});
  dst = channels_last(std::move(dst));
  if (!node.attributes().flag("keepdims", false)) dst.view = dst.view.without(2).without(1);
  node.result(std::move(dst));
}

void global_average(Translation& node) { global_pool(node, PoolingKind::average); }
void global_max(Translation& node) { global_pool(node, PoolingKind::max); }

void flatten(Translation& node) {
  check_order(node);
  Value value = node.input(0);
  int64_t all = 1;
  for (const int64_t size : value.view.sizes()) all *= size;
  value.view = value.view.reshaped({value.view.size(0), all / value.view.size(0)});
  node.result(std::move(value));
}

// The batch stays in front of target_shape.
void reshape(Translation& node) {
  Value value = node.input(0);
  std::vector<int64_t> sizes = node.attributes().integers("target_shape", -1, int64_t{1} << 40);
  if (sizes.empty()) node.refuse("the attribute target_shape is missing");
  int64_t all = 1, known = value.view.size(0);
  for (const int64_t size : value.view.sizes()) all *= size;
  for (const int64_t size : sizes) {
    if (size == 0 || __builtin_mul_overflow(known, size == -1 ? 1 : size, &known))
      node.refuse("target_shape is [{}]", fmt::join(sizes, ", "));
  }
  if (std::count(sizes.begin(), sizes.end(), -1) > 1)
    node.refuse("target_shape is [{}], with more than one size left open", fmt::join(sizes, ", "));
  const std::string place = fmt::format("{}: target_shape [{}]", node.attributes().place(), fmt::join(sizes, ", "));
  for (int64_t& size : sizes) size = size == -1 ? all / known : size;
  sizes.insert(sizes.begin(), value.view.size(0));
  value.view = at_place(place, [&] { return value.view.reshaped(sizes); });
  node.result(std::move(value));
}

// padding: [[top, bottom], [left, right]] as one list, [rows, columns], or one number.
void zero_padding(Translation& node) {
  const Value src = image(node);
  std::vector<int64_t> sides = node.attributes().integers("padding", 0, kMaxTaps);
  if (sides.empty()) sides = {1};
  if (sides.size() == 1) sides.resize(2, sides[0]);
  if (sides.size() == 2) sides = {sides[0], sides[0], sides[1], sides[1]};
  if (sides.size() != 4) node.refuse("padding has {} numbers; expected four", sides.size());
  node.result(channels_last(
      node.append(std::make_shared<Pad>(Paddings{sides[0], sides[2], sides[1], sides[3]}, PadRule::constant), {src})));
}

void pass(Translation& node) {
  node.attributes().ignore({"rate", "noise_shape", "seed", "stddev", "l1", "l2"});
  node.result(node.input(0));
}

void concatenate(Translation& node) {
  shapes::join(node, node.attributes().integer("axis", -1, -8, 8), 0, node.inputs());
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"keras.Conv2D", convolution},
                              {"keras.DepthwiseConv2D", depthwise},
                              {"keras.SeparableConv2D", separable},
                              {"keras.Dense", dense},
                              {"keras.BatchNormalization", batch_norm},
                              {"keras.Rescaling", rescaling},
                              {"keras.Activation", activation},
                              {"keras.ReLU", relu},
                              {"keras.LeakyReLU", leaky_relu},
                              {"keras.ELU", elu},
                              {"keras.Softmax", softmax},
                              {"keras.MaxPooling2D", max_pool},
                              {"keras.AveragePooling2D", average_pool},
                              {"keras.GlobalAveragePooling2D", global_average},
                              {"keras.GlobalMaxPooling2D", global_max},
                              {"keras.Flatten", flatten},
                              {"keras.Reshape", reshape},
                              {"keras.ZeroPadding2D", zero_padding},
                              {"keras.Concatenate", concatenate},
                              {"keras.Dropout", pass},
                              {"keras.SpatialDropout2D", pass},
                              {"keras.GaussianNoise", pass},
                              {"keras.ActivityRegularization", pass}};
  return table;
}

}  // namespace phosphene::source::keras
