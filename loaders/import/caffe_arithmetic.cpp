// Caffe's layers: sums and products with trained numbers, and of several values.
#include <algorithm>

#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "loaders/import/batch_norm.h"
#include "loaders/import/caffe_layer.h"

namespace phosphene::source::caffe {
namespace {

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
  constexpr size_t kMost = 64;
  CaffeLayer layer(node, 2, kMost);
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

}  // namespace

const Rules& arithmetic_rules() {
  static const Rules table = {{"caffe.BatchNorm", batch_norm},
                              {"caffe.Bias", bias},
                              {"caffe.Eltwise", eltwise},
                              {"caffe.Power", power},
                              {"caffe.Scale", scale}};
  return table;
}

}  // namespace phosphene::source::caffe
