#include "loaders/keras_networks/keras_layers.h"

#include "loaders/known_preprocessing.h"
#include "runtime/error.h"

namespace phosphene::keras_networks {

using source::Attribute;
using source::Constant;
using Integers = std::vector<int64_t>;

Layers::Layers(KerasWeights& weights, const std::string& path, const std::string& name, int64_t side)
    : weights_(weights) {
  network_.path = path;
  network_.name = name;
  network_.format = name + ", by the names of its layers";
  network_.inputs = {{input(), {1, side, side, 3}}};
}

Value Layers::node(const std::string& op, std::vector<std::string> inputs, const std::string& layer,
                   std::map<std::string, Attribute> attributes) {
  network_.nodes.push_back({layer, "keras." + op, std::move(inputs), {layer}, std::move(attributes), ""});
  return layer;
}

std::vector<std::string> Layers::with_weights(const Value& src, const std::string& layer, size_t least, size_t most) {
  const KerasLayerWeights* found = weights_.find(layer);
  if (found == nullptr) fail(network_.path, "holds no weights of '{}', which {} needs", layer, network_.name);
  if (found->datasets.size() < least || found->datasets.size() > most)
    fail(network_.path, "'{}' holds {} weights; expected {}", layer, found->datasets.size(),
         least == most ? std::to_string(least) : fmt::format("{} or {}", least, most));
  used_.insert(found->group);
  std::vector<std::string> inputs{src};
  for (size_t i = 0; i < found->datasets.size(); ++i) {
    const std::string name = fmt::format("{}/{}", layer, i);
    network_.constants[name] = Constant::of(weights_.file.numbers(found->datasets[i]), found->dims[i]);
    inputs.push_back(name);
  }
  return inputs;
}

Value Layers::windowed(const std::string& op, const Value& src, const std::string& layer, const Window& window,
                       size_t kernels) {
  std::vector<std::string> inputs = with_weights(src, layer, kernels, kernels + 1);
  const bool bias = inputs.size() == kernels + 2;
  const Integers& dims = weights_.find(layer)->dims[0];
  if (dims.size() != 4)
    fail(network_.path, "'{}' holds a kernel of shape [{}]; expected four dimensions", layer, fmt::join(dims, ", "));
  return node(op, std::move(inputs), layer,
              {{"kernel_size", Integers{dims[0], dims[1]}},
               {"strides", Integers{window.stride, window.stride}},
               {"padding", std::string(window.same ? "same" : "valid")},
               {"use_bias", int64_t{bias}}});
}

Value Layers::conv(const Value& src, const std::string& layer, const Window& window) {
  return windowed("Conv2D", src, layer, window, 1);
}

Value Layers::depthwise(const Value& src, const std::string& layer, const Window& window) {
  return windowed("DepthwiseConv2D", src, layer, window, 1);
}

Value Layers::separable(const Value& src, const std::string& layer) {
  return windowed("SeparableConv2D", src, layer, {}, 2);
}

Value Layers::norm(const Value& src, const std::string& layer, double epsilon, bool scale) {
  const size_t count = scale ? 4 : 3;
  return node("BatchNormalization", with_weights(src, layer, count, count), layer,
              {{"epsilon", epsilon}, {"scale", int64_t{scale}}});
}

Value Layers::dense(const Value& src, const std::string& layer) {
  std::vector<std::string> inputs = with_weights(src, layer, 1, 2);
  const bool bias = inputs.size() == 3;
  return node("Dense", std::move(inputs), layer, {{"activation", std::string("softmax")}, {"use_bias", int64_t{bias}}});
}

Value Layers::relu(const Value& src, const std::string& layer) {
  return node("Activation", {src}, layer, {{"activation", std::string("relu")}});
}

Value Layers::relu6(const Value& src, const std::string& layer) {
  return node("ReLU", {src}, layer, {{"max_value", 6.}});
}

Value Layers::softmax(const Value& src, const std::string& layer) {
  return node("Activation", {src}, layer, {{"activation", std::string("softmax")}});
}

Value Layers::pad(const Value& src, const std::string& layer, const Zeros& zeros) {
  return node("ZeroPadding2D", {src}, layer, {{"padding", Integers{zeros.begin(), zeros.end()}}});
}

Value Layers::max_pool(const Value& src, const std::string& layer, int64_t size, const Window& window) {
  return node("MaxPooling2D", {src}, layer,
              {{"pool_size", Integers{size, size}},
               {"strides", Integers{window.stride, window.stride}},
               {"padding", std::string(window.same ? "same" : "valid")}});
}

Value Layers::average_pool(const Value& src, const std::string& layer, int64_t size, const Window& window) {
  return node("AveragePooling2D", {src}, layer,
              {{"pool_size", Integers{size, size}},
               {"strides", Integers{window.stride, window.stride}},
               {"padding", std::string(window.same ? "same" : "valid")}});
}

Value Layers::global_average(const Value& src, const std::string& layer, bool keeps_dimensions) {
  return node("GlobalAveragePooling2D", {src}, layer, {{"keepdims", int64_t{keeps_dimensions}}});
}

Value Layers::add(const Value& a, const Value& b, const std::string& layer) { return node("Add", {a, b}, layer); }

Value Layers::concat(const std::vector<Value>& values, const std::string& layer) {
  return node("Concatenate", values, layer, {{"axis", int64_t{-1}}});
}

source::Network Layers::finish(const Value& result) {
  for (const KerasLayerWeights& layer : weights_.layers) {
    if (!used_.contains(layer.group)) fail(network_.path, "{} has no layer '{}'", network_.name, layer.layer);
  }
  network_.outputs = {result};
  Preprocessing preprocessing = *known_preprocessing(preprocessing_, 3);
  if (preprocessing_ == "caffe") preprocessing.mean = {103.939F, 116.779F, 123.68F};
  network_.preprocessing = {std::move(preprocessing), fmt::format("as Keras trained {}", network_.name)};
  source::check(network_);
  return std::move(network_);
}

source::Network Layers::finish(const Value& trunk, const std::string& pool, const std::string& head) {
  return finish(has(head) ? dense(global_average(trunk, pool), head) : trunk);
}

}  // namespace phosphene::keras_networks
