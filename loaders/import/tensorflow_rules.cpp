// TensorFlow's ops, as frozen graphs have them (loaders/tensorflow). https://www.tensorflow.org/api_docs/python/tf/raw_ops
#include "layers/network/activation.h"
#include "layers/network/convolution.h"
#include "layers/network/lrn.h"
#include "layers/network/pad.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "loaders/import/batch_norm.h"
#include "loaders/import/kernels_last.h"
#include "loaders/import/rules.h"

namespace phosphene::source::tensorflow {
namespace {

constexpr int64_t kMaxTaps = 1 << 16;

std::vector<Axis> order_of(Translation& node) {
  return node.attributes().word("data_format", "NHWC", {"NHWC", "NCHW"}) == "NHWC" ? kChannelsLast
                                                                                   : Translation::kPlanar;
}

// Gives a value that a layer has just made, seen in the order of its source.
void give(Translation& node, Value value, const std::vector<Axis>& order) {
  value.view = View::of(value.shape, order);
  node.result(std::move(value));
}

// Of four numbers in the order of the dimensions, those of rows and columns; the others must be 1.
std::pair<int64_t, int64_t> rows_and_columns(Translation& node, const char* name, const std::vector<Axis>& order) {
  const std::vector<int64_t> given = node.attributes().integers(name, 1, kMaxTaps);
  if (given.empty() && name != std::string_view("dilations")) node.refuse("the attribute {} is missing", name);
  if (given.empty()) return {1, 1};
  if (given.size() != 4) node.refuse("{} has {} numbers; expected four", name, given.size());
  std::pair<int64_t, int64_t> result{1, 1};
  for (size_t i = 0; i < 4; ++i) {
    if (order[i] == Axis::h)
      result.first = given[i];
    else if (order[i] == Axis::w)
      result.second = given[i];
    else if (given[i] != 1)
      node.refuse("{} is [{}]: images and channels are left out", name, fmt::join(given, ", "));
  }
  return result;
}

void read_steps(Translation& node, WindowAttributes& window, const std::vector<Axis>& order) {
  std::tie(window.stride_h, window.stride_w) = rows_and_columns(node, "strides", order);
  window.same = node.attributes().word("padding", "", {"SAME", "VALID"}) == "SAME";
  node.attributes().ignore({"explicit_paddings", "use_cudnn_on_gpu"});
}

void convolve(Translation& node, bool depthwise) {
  const std::vector<Axis> order = order_of(node);
  const Value src = node.image(0, order);
  Weights weights = depthwise ? depthwise_kernel(node, 1) : kernel(node, 1);
  WindowAttributes window{.r = weights.shape[2], .s = weights.shape[3]};
  read_steps(node, window, order);
  std::tie(window.dilation_h, window.dilation_w) = rows_and_columns(node, "dilations", order);
  if (src.shape.c % weights.shape[1] != 0)
    node.refuse("a kernel for {} channels, but {} come in", weights.shape[1], src.shape.c);
  const int64_t groups = src.shape.c / weights.shape[1];
  give(node, node.append(std::make_shared<Convolution>(window, groups, std::move(weights), Weights{}), {src}), order);
}

void convolution(Translation& node) { convolve(node, false); }
void depthwise(Translation& node) { convolve(node, true); }

void pool(Translation& node, PoolingKind kind) {
  const std::vector<Axis> order = order_of(node);
  const Value src = node.image(0, order);
  WindowAttributes window;
  std::tie(window.r, window.s) = rows_and_columns(node, "ksize", order);
  read_steps(node, window, order);
  const bool global =
      kind == PoolingKind::average && !window.same && window.r == src.shape.h && window.s == src.shape.w;
  give(
      node,
      node.append(std::make_shared<Pooling>(kind, global ? WindowAttributes{} : window, PoolingDivisor::inside, global),
                  {src}),
      order);
}

void max_pool(Translation& node) { pool(node, PoolingKind::max); }
void average_pool(Translation& node) { pool(node, PoolingKind::average); }

// alpha is not divided by the size.
void lrn(Translation& node) {
  const Value src = node.image(0, kChannelsLast);
  Attributes& attributes = node.attributes();
  const auto radius = static_cast<int>(attributes.integer("depth_radius", 5, 0, 1 << 10));
  const auto alpha = static_cast<float>(attributes.number("alpha", 1)),
             beta = static_cast<float>(attributes.number("beta", 0.5)),
             bias = static_cast<float>(attributes.number("bias", 1));
  give(node, node.append(std::make_shared<Lrn>(radius, alpha, beta, bias), {src}), kChannelsLast);
}

Weights of_channels(Translation& node, size_t input, int64_t channels) {
  Weights weights = node.weights(input);
  if (weights.elements() != channels)
    node.refuse("input {} holds {} numbers for {} channels", input, weights.elements(), channels);
  return weights;
}

void fused_batch_norm(Translation& node) {
  if (node.attributes().flag("is_training", true)) node.refuse("is in training mode: freeze the graph for inference");
  node.attributes().ignore({"exponential_avg_factor"});
  const size_t rank = node.input(0).view.rank();
  const Value src = node.with_channels(node.input(0), order_of(node) == kChannelsLast ? rank - 1 : 1);
  const int64_t c = src.shape.c;
  const Weights scale = of_channels(node, 1, c), offset = of_channels(node, 2, c), mean = of_channels(node, 3, c),
                variance = of_channels(node, 4, c);
  node.result(append_batch_norm(node, src, scale, offset, mean, variance, node.attributes().number("epsilon", 1e-4)));
}

// t, mean, variance, beta, gamma.
void old_batch_norm(Translation& node) {
  const Value src = node.with_channels(node.input(0), node.input(0).view.rank() - 1);
  const int64_t c = src.shape.c;
  for (const char* name : {"scale_after_normalization", "variance_epsilon"}) {
    if (!node.attributes().has(name)) node.refuse("the attribute {} is missing", name);
  }
  const bool scales = node.attributes().flag("scale_after_normalization", true);
  const Weights mean = of_channels(node, 1, c), variance = of_channels(node, 2, c), beta = of_channels(node, 3, c),
                gamma = of_channels(node, 4, c);
  node.result(append_batch_norm(node, src, scales ? gamma : Weights{}, beta, mean, variance,
                                node.attributes().number("variance_epsilon", 0)));
}

void activate(Translation& node, std::shared_ptr<const Op> op) {
  Value dst = node.append(std::move(op), {node.input(0)});
  dst.view = node.input(0).view;
  node.result(std::move(dst));
}

void relu(Translation& node) { activate(node, std::make_shared<Relu>()); }
void relu6(Translation& node) { activate(node, Activation::relu6()); }
void leaky_relu(Translation& node) {
  activate(node, Activation::leaky_relu(static_cast<float>(node.attributes().number("alpha", 0.2))));
}

void softmax(Translation& node) {
  const Value src = node.with_channels(node.input(0), node.input(0).view.rank() - 1);
  Value dst = node.append(std::make_shared<Softmax>(), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

void pass(Translation& node) {
  node.attributes().ignore({"message"});  // of CheckNumerics
  node.result(node.input(0));
}

// `shape` is what the default's must fit; -1 is any size.
void placeholder_with_default(Translation& node) {
  const std::vector<int64_t> stated = node.attributes().integers("shape", -1, int64_t{1} << 40);
  const std::vector<int64_t> sizes = node.input(0).sizes();
  if (!stated.empty() && stated.size() != sizes.size())
    node.refuse("shape is [{}], but [{}] comes in", fmt::join(stated, ", "), fmt::join(sizes, ", "));
  for (size_t i = 0; i < stated.size(); ++i) {
    if (stated[i] > 0 && stated[i] != sizes[i])
      node.refuse("shape is [{}], but [{}] comes in", fmt::join(stated, ", "), fmt::join(sizes, ", "));
  }
  pass(node);
}

// Rows and columns alone, by zeros. paddings: [[before, after], ...] of each dimension.
void pad(Translation& node) {
  const Value src = node.image(0, kChannelsLast);
  const std::vector<int64_t> sides = node.integers(1);
  if (sides.size() != 8) node.refuse("has {} paddings; expected two for each of four dimensions", sides.size());
  if (sides[0] != 0 || sides[1] != 0 || sides[6] != 0 || sides[7] != 0)
    node.refuse("pads [{}]: only rows and columns can be padded", fmt::join(sides, ", "));
  give(node,
       node.append(std::make_shared<Pad>(Paddings{sides[2], sides[4], sides[3], sides[5]}, PadRule::constant), {src}),
       kChannelsLast);
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"tf.Conv2D", convolution},
                              {"tf.DepthwiseConv2dNative", depthwise},
                              {"tf.MaxPool", max_pool},
                              {"tf.AvgPool", average_pool},
                              {"tf.LRN", lrn},
                              {"tf.FusedBatchNorm", fused_batch_norm},
                              {"tf.FusedBatchNormV2", fused_batch_norm},
                              {"tf.FusedBatchNormV3", fused_batch_norm},
                              {"tf.BatchNormWithGlobalNormalization", old_batch_norm},
                              {"tf.Relu", relu},
                              {"tf.Relu6", relu6},
                              {"tf.LeakyRelu", leaky_relu},
                              {"tf.Softmax", softmax},
                              {"tf.Identity", pass},
                              {"tf.CheckNumerics", pass},
                              {"tf.PlaceholderWithDefault", placeholder_with_default},
                              {"tf.Pad", pad}};
  return table;
}

}  // namespace phosphene::source::tensorflow
