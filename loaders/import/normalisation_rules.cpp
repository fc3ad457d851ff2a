// Normalisations.
#include "layers/network/group_norm.h"
#include "layers/network/layer_norm.h"
#include "layers/network/lrn.h"
#include "loaders/import/batch_norm.h"
#include "loaders/import/rules.h"

namespace phosphene::source::normalisations {
namespace {

// One number for each channel.
Weights of_channels(Translation& node, size_t input, int64_t channels) {
  Weights weights = node.weights(input);
  if (weights.elements() != channels || weights.shape.size() != 1)
    node.refuse("input {} has shape [{}]; expected one number for each of {} channels", input,
                fmt::join(weights.shape, ", "), channels);
  return weights;
}

// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
void batch_norm(Translation& node) {
  Attributes& attributes = node.attributes();
  attributes.ignore({"momentum"});
  if (attributes.flag("training_mode", false))
    node.refuse("is in training mode: export the network in evaluation mode");
  for (size_t i = 1; i < node.node().outputs.size(); ++i) {
    if (!node.node().outputs[i].empty()) node.refuse("has outputs of training ('{}')", node.node().outputs[i]);
  }
  const double epsilon = attributes.number("epsilon", 1e-5);
  if (node.input(0).view.rank() < 2)
    node.refuse("expected a value with channels, got {}", to_string(node.input(0).view));
  const Value src = node.with_channels(node.input(0), 1);
  const int64_t channels = src.shape.c;
  const Weights scale = of_channels(node, 1, channels), bias = of_channels(node, 2, channels),
                mean = of_channels(node, 3, channels), variance = of_channels(node, 4, channels);
  node.result(append_batch_norm(node, src, scale, bias, mean, variance, epsilon));
}

// https://onnx.ai/onnx/operators/onnx__LRN.html: alpha is divided by the size.
void lrn(Translation& node) {
  Attributes& attributes = node.attributes();
  const int64_t size = attributes.integer("size", 1, 1 << 10);
  if (size % 2 != 1) node.refuse("size is {}; expected an odd number", size);
  const double alpha = attributes.number("alpha", 1e-4), beta = attributes.number("beta", 0.75),
               bias = attributes.number("bias", 1);
  node.result(node.append(
      std::make_shared<Lrn>(static_cast<int>(size / 2), static_cast<float>(alpha / static_cast<double>(size)),
                            static_cast<float>(beta), static_cast<float>(bias)),
      {node.image(0)}));
}

// Over the last dimensions, which must be the channels. https://onnx.ai/onnx/operators/onnx__LayerNormalization.html
void layer_norm(Translation& node) {
  Attributes& attributes = node.attributes();
  attributes.ignore({"stash_type"});
  const Value& given = node.input(0);
  const size_t dimension = node.dimension(attributes.integer("axis", -1, -8, 8), given.view.rank());
  if (dimension + 1 != given.view.rank())
    node.refuse("is supported over the last dimension alone, not from dimension {} on", dimension);
  const Value src = node.with_channels(given, dimension);
  const double epsilon = attributes.number("epsilon", 1e-5);
  Weights scale = of_channels(node, 1, src.shape.c), bias = node.has(2) ? of_channels(node, 2, src.shape.c) : Weights{};
  Value dst =
      node.append(std::make_shared<LayerNorm>(static_cast<float>(epsilon), std::move(scale), std::move(bias)), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

// Each of the elements of dimension 1 by itself: channels; or groups of them, as PyTorch exports its group norm (a reshape to
// N x groups x the rest before). https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html
void instance_norm(Translation& node) {
  const Value& src = node.input(0);
  if (src.constant || src.view.rank() < 3) node.refuse("expected a computed value of at least three dimensions");
  const int64_t groups = src.view.size(1);
  const Dimension& along = src.view.dimension(1);
  const bool outermost =
      groups == 1 || (along.size() == 1 && along[0].axis == Axis::c && along[0].step * groups == src.shape.c);
  if (!outermost || src.view.size(0) != src.shape.n)
    node.refuse("of a value of {} is not supported", to_string(src.view));
  const Weights scale = of_channels(node, 1, groups), bias = of_channels(node, 2, groups);
  std::vector<float> factor, shift;
  for (int64_t channel = 0; channel < src.shape.c; ++channel) {
    factor.push_back(scale.data[channel * groups / src.shape.c]);
    shift.push_back(bias.data[channel * groups / src.shape.c]);
  }
  const double epsilon = node.attributes().number("epsilon", 1e-5);
  Value dst = node.append(
      std::make_shared<GroupNorm>(groups, static_cast<float>(epsilon), Weights::from(std::move(factor), {src.shape.c}),
                                  Weights::from(std::move(shift), {src.shape.c})),
      {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

// Each number `times` times.
Weights repeated(const Weights& numbers, int64_t times) {
  std::vector<float> result;
  for (int64_t i = 0; i < numbers.elements() * times; ++i) result.push_back(numbers.data[i / times]);
  return Weights::from(std::move(result), {numbers.elements() * times});
}

// https://onnx.ai/onnx/operators/onnx__GroupNormalization.html: a scale for each channel (opset 21), or for each group (18).
void group_norm(Translation& node) {
  const Value src = node.image(0);
  node.attributes().ignore({"stash_type"});
  const int64_t groups = node.attributes().integer("num_groups", 1, src.shape.c);
  const double epsilon = node.attributes().number("epsilon", 1e-5);
  const bool of_groups = node.attributes().flag("scale_of_groups", false);
  if (src.shape.c % groups != 0) node.refuse("{} channels in {} groups", src.shape.c, groups);
  Weights scale = of_channels(node, 1, of_groups ? groups : src.shape.c),
          bias = of_channels(node, 2, of_groups ? groups : src.shape.c);
  if (of_groups) {
    scale = repeated(scale, src.shape.c / groups);
    bias = repeated(bias, src.shape.c / groups);
  }
  node.result(node.append(
      std::make_shared<GroupNorm>(groups, static_cast<float>(epsilon), std::move(scale), std::move(bias)), {src}));
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"BatchNormalization", batch_norm},
                              {"LRN", lrn},
                              {"LayerNormalization", layer_norm},
                              {"InstanceNormalization", instance_norm},
                              {"GroupNormalization", group_norm}};
  return table;
}

}  // namespace phosphene::source::normalisations
