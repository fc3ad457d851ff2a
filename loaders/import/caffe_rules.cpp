// Caffe's layers (loaders/caffe). A node's inputs are its bottoms, then its blobs. What each means: BVLC's src/caffe/layers.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "layers/network/activation.h"
#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/channel_range.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "layers/network/transposed_convolution.h"
#include "loaders/import/batch_norm.h"
#include "loaders/import/caffe_layer.h"
#include "loaders/import/rules.h"

namespace phosphene::source::caffe {
namespace {

constexpr int64_t kMaxOutputs = 1 << 20, kMaxSide = 1 << 20;
constexpr size_t kMaxBottoms = 64;

float number(Translation& node, const char* name, double otherwise) {
  return static_cast<float>(node.attributes().number(name, otherwise));
}

int64_t outputs_of(Translation& node) {
  if (!node.attributes().has("num_output")) node.refuse("num_output is missing");
  return node.attributes().integer("num_output", 0, 1, kMaxOutputs);
}

// ---- convolutions and linear layers

struct Convolved {
  Value src;
  int64_t k = 0, groups = 1;
  WindowAttributes window;
};

Convolved convolved(CaffeLayer& layer) {
  Translation& node = layer.node();
  if (layer.axis() != 1) node.refuse("a convolution along axis {} is not supported", layer.axis());
  Convolved result{node.image(0), outputs_of(node), node.attributes().integer("group", 1, 1, kMaxOutputs),
                   convolution_window(node)};
  if (result.src.shape.c % result.groups != 0 || result.k % result.groups != 0)
    node.refuse("{} channels cannot become {} in {} groups", result.src.shape.c, result.k, result.groups);
  return result;
}

void convolution(Translation& node) {
  CaffeLayer layer(node);
  const auto [src, k, groups, window] = convolved(layer);
  Weights weights = layer.blob({k, src.shape.c / groups, window.r, window.s});
  Weights bias = node.attributes().flag("bias_term", true) ? layer.blob({k}) : Weights{};
  layer.give(node.append(std::make_shared<Convolution>(window, groups, std::move(weights), std::move(bias)), {src}));
}

void deconvolution(Translation& node) {
  CaffeLayer layer(node);
  const auto [src, k, groups, window] = convolved(layer);
  Weights weights = layer.blob({src.shape.c, k / groups, window.r, window.s});
  Weights bias = node.attributes().flag("bias_term", true) ? layer.blob({k}) : Weights{};
  layer.give(
      node.append(std::make_shared<TransposedConvolution>(window, std::move(weights), groups, std::move(bias)), {src}));
}

void inner_product(Translation& node) {
  CaffeLayer layer(node);
  const Value& src = layer.bottom();
  if (layer.axis() != 1) node.refuse("is supported along axis 1 alone, not {}", layer.axis());
  if (node.attributes().flag("transpose", false)) node.refuse("transposed weights are not supported");
  const int64_t k = outputs_of(node), all = src.shape.c * src.shape.h * src.shape.w;
  const std::vector<int64_t> rows{src.view.size(0), all};
  if (src.view.reshaped(rows) != View::of(src.shape).reshaped(rows))
    node.refuse("over features in an order that is not supported: {}", to_string(src.view));
  Weights weights = layer.blob({k, src.shape.c, src.shape.h, src.shape.w});
  Weights bias = node.attributes().flag("bias_term", true) ? layer.blob({k}) : Weights{};
  Value dst = node.append(std::make_shared<Linear>(std::move(weights), std::move(bias)), {src});
  dst.view = dst.view.reshaped({dst.view.size(0), k});
  layer.give(std::move(dst));
}

// ---- poolings

// Caffe rounds up without a look at where the last window begins, unless there is a padding: such a window is empty.
void refuse_empty_windows(Translation& node, const WindowAttributes& window, const Shape& src) {
  if (!window.ceil || window.pad_top != 0 || window.pad_left != 0) return;
  const auto is_empty = [](int64_t size, int64_t taps, int64_t stride) {
    return size >= taps && (size - taps + stride - 1) / stride * stride >= size;
  };
  if (is_empty(src.h, window.r, window.stride_h) || is_empty(src.w, window.s, window.stride_w))
    node.refuse("a stride of {}x{} puts windows of {}x{} outside of a map of {}x{}", window.stride_h, window.stride_w,
                window.r, window.s, src.h, src.w);
}

// An average over the whole map, at the size that the network was trained at, is meant to be global.
void pooling(Translation& node) {
  CaffeLayer layer(node);
  Attributes& attributes = node.attributes();
  const Value src = node.image(0);
  const std::string method = attributes.word("pool", "MAX", {"MAX", "AVE", "STOCHASTIC"});
  if (method == "STOCHASTIC") node.refuse("stochastic pooling is not supported");
  const PoolingKind kind = method == "MAX" ? PoolingKind::max : PoolingKind::average;
  bool global = attributes.flag("global_pooling", false);
  WindowAttributes window;
  if (global) {
    for (const char* size : {"kernel_size", "kernel_h", "kernel_w"}) {
      if (attributes.has(size)) node.refuse("has both global_pooling and {}", size);
    }
    for (const char* step : {"stride", "stride_h", "stride_w"}) attributes.integer(step, 1, 1, 1);
    for (const char* edge : {"pad", "pad_h", "pad_w"}) attributes.integer(edge, 0, 0, 0);
    attributes.ignore({"round_mode", "ceil_mode"});
  } else {
    window = pooling_window(node);
    refuse_empty_windows(node, window, src.shape);
    if (window.pad_top >= window.r || window.pad_left >= window.s)
      node.refuse("pads {}x{}, as much as its window or more", window.pad_top, window.pad_left);
    global = kind == PoolingKind::average && window.r == src.shape.h && window.s == src.shape.w &&
             window.pad_top == 0 && window.pad_left == 0;
  }
  layer.give(node.append(
      std::make_shared<Pooling>(kind, global ? WindowAttributes{} : window, PoolingDivisor::padded, global), {src}));
}

// ---- activations

void activate(Translation& node, std::shared_ptr<const Op> op) {
  CaffeLayer layer(node);
  layer.give_alike(std::move(op), layer.bottom());
}

void relu(Translation& node) {
  const float slope = number(node, "negative_slope", 0);
  if (slope == 0) return activate(node, std::make_shared<Relu>());
  activate(node, Activation::leaky_relu(slope));
}
void elu(Translation& node) { activate(node, Activation::elu(number(node, "alpha", 1))); }
void sigmoid(Translation& node) { activate(node, Activation::sigmoid()); }
void tanh(Translation& node) { activate(node, Activation::tanh()); }
void bnll(Translation& node) { activate(node, Activation::softplus()); }
void swish(Translation& node) { activate(node, Activation::swish(number(node, "beta", 1))); }

void clip(Translation& node) {
  for (const char* bound : {"min", "max"}) {
    if (!node.attributes().has(bound)) node.refuse("{} is missing", bound);
  }
  activate(node, Activation::clip(number(node, "min", 0), number(node, "max", 0)));
}

void prelu(Translation& node) {
  CaffeLayer layer(node);
  if (layer.bottom().view.rank() < 2) node.refuse("expected a value with channels");
  const Value src = node.with_channels(layer.bottom(), 1);
  const bool shared = node.attributes().flag("channel_shared", false);
  layer.give_alike(std::make_shared<PRelu>(layer.blob({shared ? 1 : src.shape.c})), src);
}

void softmax(Translation& node) {
  CaffeLayer layer(node);
  layer.give_alike(std::make_shared<Softmax>(), node.with_channels(layer.bottom(), layer.axis()));
}

// ---- normalisations and affine maps

void lrn(Translation& node) {
  CaffeLayer layer(node);
  Attributes& attributes = node.attributes();
  if (attributes.word("norm_region", "ACROSS_CHANNELS", {"ACROSS_CHANNELS", "WITHIN_CHANNEL"}) != "ACROSS_CHANNELS")
    node.refuse("LRN within a channel (WITHIN_CHANNEL) is not supported");
  const int64_t size = attributes.integer("local_size", 5, 1, 1 << 10);
  if (size % 2 != 1) node.refuse("local_size is {}; expected an odd number", size);
  const float alpha = number(node, "alpha", 1) / static_cast<float>(size), beta = number(node, "beta", 0.75);
  layer.give(node.append(std::make_shared<Lrn>(static_cast<int>(size / 2), alpha, beta, number(node, "k", 1)),
                         {node.image(0)}));
}

// The stored statistics are sums over so many batches; of none they are 0, as in Caffe.
Weights divided(const Weights& sums, float count) {
  std::vector<float> numbers(sums.data, sums.data + sums.elements());
  for (float& one : numbers)
    one = count == 0 ? 0 : static_cast<float>(static_cast<double>(one) / static_cast<double>(count));
  return Weights::from(std::move(numbers), sums.shape);
}

void batch_norm(Translation& node) {
  CaffeLayer layer(node);
  if (!node.attributes().flag("use_global_stats", true))
    node.refuse("use_global_stats is false: it would normalise by the statistics of the batch");
  if (layer.bottom().view.rank() < 2) node.refuse("expected a value with channels");
  const Value src = node.with_channels(layer.bottom(), 1);
  const Weights mean = layer.blob({src.shape.c}), variance = layer.blob({src.shape.c}), count = layer.blob({1});
  layer.give(append_batch_norm(node, src, {}, {}, divided(mean, count.data[0]), divided(variance, count.data[0]),
                               static_cast<double>(number(node, "eps", 1e-5))));
}

// Scale and Bias: one number for each channel, or one for all.
std::vector<int64_t> shape_along(CaffeLayer& layer, Value& src) {
  Translation& node = layer.node();
  const int64_t axes = node.attributes().integer("num_axes", 1, -1, 8);
  const size_t axis = layer.axis();
  if (axes == 0) return {};
  if (axis != 1 || (axes != 1 && !(axes == -1 && src.view.rank() == 2)))
    node.refuse("axis {} and num_axes {}: one number for each channel is supported", axis, axes);
  src = node.with_channels(src, 1);
  return {src.shape.c};
}

// A second bottom instead of trained numbers: of the same shape, or N x C with axis 0, one number for each map.
void of_two(CaffeLayer& layer, BinaryOperation operation, bool with_bias) {
  Translation& node = layer.node();
  const Value &a = layer.bottom(0), &b = layer.bottom(1);
  node.attributes().ignore({"num_axes"});
  const size_t axis = layer.axis();
  const bool maps =
      axis == 0 && b.view.rank() == 2 && a.view.rank() == 4 && b.shape.c == a.shape.c && b.shape.h * b.shape.w == 1;
  if (!maps && (axis != 0 || a.view != b.view || a.shape != b.shape))
    node.refuse("of two bottoms, {} and {} along axis {}, is not supported", to_string(a.view), to_string(b.view),
                axis);
  if (with_bias) node.refuse("a bias of trained numbers beside two bottoms is not supported");
  const View view = a.view;
  Value dst = node.append(std::make_shared<Binary>(operation), {a, b});
  dst.view = view;
  layer.give(std::move(dst));
}

void scale(Translation& node) {
  CaffeLayer layer(node, 1, 2);
  const bool with_bias = node.attributes().flag("bias_term", false);
  if (layer.bottoms() == 2) return of_two(layer, BinaryOperation::multiply, with_bias);
  Value src = layer.bottom();
  const std::vector<int64_t> shape = shape_along(layer, src);
  Weights factor = layer.blob(shape), shift = with_bias ? layer.blob(shape) : Weights{};
  layer.give_alike(std::make_shared<ChannelAffine>(std::move(factor), std::move(shift)), src);
}

void bias(Translation& node) {
  CaffeLayer layer(node, 1, 2);
  if (layer.bottoms() == 2) return of_two(layer, BinaryOperation::add, false);
  Value src = layer.bottom();
  const std::vector<int64_t> shape = shape_along(layer, src);
  layer.give_alike(std::make_shared<ChannelAffine>(Weights{}, layer.blob(shape)), src);
}

// (shift + scale x)^power
void power(Translation& node) {
  CaffeLayer layer(node);
  const float exponent = number(node, "power", 1), factor = number(node, "scale", 1), shift = number(node, "shift", 0);
  if (exponent != 1 && exponent != 2) node.refuse("a power of {} is not supported, only 1 and 2", exponent);
  if (factor == 0) node.refuse("a scale of 0 gives a constant, which is not supported");
  Value src = layer.bottom();
  const View view = src.view;
  if (factor != 1 || shift != 0)
    src = node.append(std::make_shared<ChannelAffine>(Weights::from({factor}, {1}), Weights::from({shift}, {1})), {src},
                      exponent == 1 ? "" : ":base");
  if (exponent == 2) src = node.append(std::make_shared<Binary>(BinaryOperation::multiply), {src, src});
  src.view = view;
  layer.give(std::move(src));
}

// ---- several values

Value scaled(Translation& node, const Value& src, float factor, size_t index) {
  if (factor == 1) return src;
  return node.append(std::make_shared<ChannelAffine>(Weights::from({factor}, {1}), Weights{}), {src},
                     fmt::format(":scaled{}", index));
}

// Two by two, the last of which is the result.
Value chained(Translation& node, const std::vector<Value>& sources, BinaryOperation operation) {
  Value dst = sources[0];
  for (size_t i = 1; i < sources.size(); ++i)
    dst = node.append(std::make_shared<Binary>(operation), {dst, sources[i]},
                      i + 1 == sources.size() ? "" : fmt::format(":first{}", i + 1));
  return dst;
}

Value added(Translation& node, std::vector<Value> sources, const std::vector<double>& factors) {
  constexpr size_t kMost = 8;
  if (sources.size() > kMost) node.refuse("adds {} values; at most {} are supported", sources.size(), kMost);
  if (factors == std::vector<double>{1, -1}) return chained(node, sources, BinaryOperation::subtract);
  for (size_t i = 0; i < factors.size(); ++i) sources[i] = scaled(node, sources[i], static_cast<float>(factors[i]), i);
  return node.append(std::make_shared<Add>(), sources);
}

void eltwise(Translation& node) {
  CaffeLayer layer(node, 2, kMaxBottoms);
  const std::string operation = node.attributes().word("operation", "SUM", {"PROD", "SUM", "MAX"});
  const std::vector<double> factors = node.attributes().numbers("coeff");
  if (!factors.empty() && (operation != "SUM" || factors.size() != layer.bottoms()))
    node.refuse("has {} coefficients for a {} of {} bottoms", factors.size(), operation, layer.bottoms());
  std::vector<Value> sources;
  for (size_t i = 0; i < layer.bottoms(); ++i) {
    sources.push_back(layer.bottom(i));
    if (sources[i].shape != sources[0].shape || sources[i].view != sources[0].view)
      node.refuse("combines values of {} and {}", to_string(sources[0].view), to_string(sources[i].view));
  }
  const View view = sources[0].view;
  Value dst = operation == "SUM"
                  ? added(node, sources, factors)
                  : chained(node, sources, operation == "MAX" ? BinaryOperation::maximum : BinaryOperation::multiply);
  dst.view = view;
  layer.give(std::move(dst));
}

// "axis", or its older name, which counts from the start alone.
size_t axis_or(CaffeLayer& layer, const char* older) {
  Translation& node = layer.node();
  if (node.attributes().has("axis") && node.attributes().has(older)) node.refuse("has both axis and {}", older);
  return node.attributes().has(older)
             ? node.dimension(node.attributes().integer(older, 1, 0, 8), layer.bottom().view.rank())
             : layer.axis();
}

void concat(Translation& node) {
  CaffeLayer layer(node, 1, 1 << 10);
  const auto axis = static_cast<int64_t>(axis_or(layer, "concat_dim"));
  if (axis != 1) node.refuse("a concat along axis {} is not supported, only along channels", axis);
  node.attributes().ignore({"weights_file"});
  if (layer.bottoms() != node.inputs()) node.refuse("has weights, and uses none");
  shapes::join(node, axis, 0, node.inputs());
}

std::vector<int64_t> parts_of(Translation& node, int64_t size) {
  std::vector<int64_t> points = node.attributes().integers("slice_point", 1, kMaxSide), parts;
  const auto tops = std::ssize(node.node().outputs);
  if (points.empty()) {
    if (size % tops != 0) node.refuse("{} channels in {} equal parts", size, tops);
    return std::vector<int64_t>(static_cast<size_t>(tops), size / tops);
  }
  points.push_back(size);
  for (size_t i = 0; i < points.size(); ++i) {
    parts.push_back(points[i] - (i == 0 ? 0 : points[i - 1]));
    if (parts[i] < 1) node.refuse("slice_point [{}] of {} channels", fmt::join(points, ", "), size);
  }
  if (std::ssize(parts) != tops) node.refuse("has {} parts and {} tops", parts.size(), tops);
  return parts;
}

void slice(Translation& node) {
  CaffeLayer layer(node, 1, 1, 0);
  const size_t axis = axis_or(layer, "slice_dim");
  if (axis != 1) node.refuse("a slice along axis {} is not supported, only along channels", axis);
  const Value src = node.with_channels(layer.bottom(), axis);
  const std::vector<int64_t> parts = parts_of(node, src.shape.c);
  int64_t first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    Value part = parts.size() == 1 ? src : node.append(std::make_shared<ChannelRange>(first, parts[i]), {src}, "", i);
    part.view = src.view.with(axis, View::of(part.shape).dimension(1));
    layer.give(std::move(part), i);
    first += parts[i];
  }
}

// ---- what computes nothing

void pass(Translation& node) {
  CaffeLayer layer(node, 1, 1, 0);
  for (size_t top = 0; top < node.node().outputs.size(); ++top) layer.give(layer.bottom(), top);
}

void give_in_shape(CaffeLayer& layer, const std::vector<int64_t>& sizes) {
  Translation& node = layer.node();
  node.attributes().ignore({"weights_file"});
  if (layer.bottoms() != node.inputs()) node.refuse("has weights, and uses none");
  shapes::with_view(node, layer.bottom().view.reshaped(sizes));
}

void flatten(Translation& node) {
  CaffeLayer layer(node);
  const std::vector<int64_t> sizes = layer.bottom().view.sizes();
  const auto first = static_cast<std::ptrdiff_t>(layer.axis()),
             last = static_cast<std::ptrdiff_t>(layer.axis("end_axis", -1));
  if (last < first) node.refuse("flattens dimensions {} to {}", first, last);
  std::vector<int64_t> flat(sizes.begin(), sizes.begin() + first);
  flat.push_back(std::accumulate(sizes.begin() + first, sizes.begin() + last + 1, int64_t{1}, std::multiplies<>()));
  flat.insert(flat.end(), sizes.begin() + last + 1, sizes.end());
  give_in_shape(layer, flat);
}

// Dimensions [axis, axis + num_axes) become those of `shape`: 0 as it was there, -1 what is left.
void reshape(Translation& node) {
  CaffeLayer layer(node);
  const std::vector<int64_t> sizes = layer.bottom().view.sizes();
  const int64_t rank = std::ssize(sizes);
  std::vector<int64_t> shape = node.attributes().integers("shape", -1, kMaxSide);
  int64_t first = node.attributes().integer("axis", 0, -8, 8);
  first = first < 0 ? first + rank + 1 : first;
  int64_t count = node.attributes().integer("num_axes", -1, -1, 8);
  count = count == -1 ? rank - first : count;
  if (first < 0 || first > rank || first + count > rank)
    node.refuse("axis {} and num_axes {} of a value of {} dimensions", first, count, rank);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 0) continue;
    if (first + static_cast<int64_t>(i) >= rank) node.refuse("keeps dimension {} of {}", i, rank);
    shape[i] = sizes[static_cast<size_t>(first) + i];
  }
  std::vector<int64_t> result(sizes.begin(), sizes.begin() + first);
  result.insert(result.end(), shape.begin(), shape.end());
  result.insert(result.end(), sizes.begin() + first + count, sizes.end());
  const auto product = [](const std::vector<int64_t>& dims) {
    return std::accumulate(dims.begin(), dims.end(), 1.,
                           [](double a, int64_t b) { return a * static_cast<double>(b); });
  };
  const auto open = std::find(result.begin(), result.end(), -1);
  if (open != result.end()) *open = std::max(static_cast<int64_t>(product(sizes) / -product(result)), int64_t{1});
  if (std::count(result.begin(), result.end(), -1) > 0 || product(result) != product(sizes))
    node.refuse("reshapes [{}] to [{}]", fmt::join(sizes, ", "), fmt::join(result, ", "));
  give_in_shape(layer, result);
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"caffe.BNLL", bnll},
                              {"caffe.BatchNorm", batch_norm},
                              {"caffe.Bias", bias},
                              {"caffe.Clip", clip},
                              {"caffe.Concat", concat},
                              {"caffe.Convolution", convolution},
                              {"caffe.Deconvolution", deconvolution},
                              {"caffe.Dropout", pass},
                              {"caffe.ELU", elu},
                              {"caffe.Eltwise", eltwise},
                              {"caffe.Flatten", flatten},
                              {"caffe.InnerProduct", inner_product},
                              {"caffe.LRN", lrn},
                              {"caffe.PReLU", prelu},
                              {"caffe.Pooling", pooling},
                              {"caffe.Power", power},
                              {"caffe.ReLU", relu},
                              {"caffe.Reshape", reshape},
                              {"caffe.Scale", scale},
                              {"caffe.Sigmoid", sigmoid},
                              {"caffe.Slice", slice},
                              {"caffe.Softmax", softmax},
                              {"caffe.Split", pass},
                              {"caffe.Swish", swish},
                              {"caffe.TanH", tanh}};
  return table;
}

}  // namespace phosphene::source::caffe
