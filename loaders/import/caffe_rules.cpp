// Caffe's layers (loaders/caffe): convolutions, poolings, activations. A node's inputs are its bottoms, then its blobs. What each means:
// BVLC's src/caffe/layers.
#include "layers/network/activation.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "layers/network/transposed_convolution.h"
#include "loaders/import/caffe_layer.h"
#include "loaders/import/rules.h"

namespace phosphene::source::caffe {
namespace {

constexpr int64_t kMaxOutputs = 1 << 20;

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

}  // namespace

const Rules& rules() {
  static const Rules table = [] {
    Rules all = {{"caffe.BNLL", bnll},
                 {"caffe.Clip", clip},
                 {"caffe.Convolution", convolution},
                 {"caffe.Deconvolution", deconvolution},
                 {"caffe.ELU", elu},
                 {"caffe.InnerProduct", inner_product},
                 {"caffe.LRN", lrn},
                 {"caffe.PReLU", prelu},
                 {"caffe.Pooling", pooling},
                 {"caffe.ReLU", relu},
                 {"caffe.Sigmoid", sigmoid},
                 {"caffe.Softmax", softmax},
                 {"caffe.Swish", swish},
                 {"caffe.TanH", tanh}};
    for (const Rules* more : {&arithmetic_rules(), &shape_rules()}) all.insert(more->begin(), more->end());
    return all;
  }();
  return table;
}

}  // namespace phosphene::source::caffe
