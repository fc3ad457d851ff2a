// Convolutions and linear layers.
#include <algorithm>
#include <utility>

#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/transposed_convolution.h"
#include "loaders/import/rules.h"
#include "loaders/import/windows.h"

namespace phosphene::source::convolutions {
namespace {

constexpr int64_t kMaxGroups = 1 << 20;

Weights bias_of(Translation& node, size_t input, int64_t k) {
  if (!node.has(input)) return {};
  Weights bias = node.weights(input);
  if (bias.elements() != k || bias.shape.size() != 1)
    node.refuse("a bias of shape [{}] for {} outputs", fmt::join(bias.shape, ", "), k);
  return bias;
}

Weights kernel_of(Translation& node, size_t input) {
  Weights weights = node.weights(input);
  if (weights.shape.size() != 4)
    node.refuse("weights of {} dimensions; expected four, those of an image", weights.shape.size());
  return weights;
}

// https://onnx.ai/onnx/operators/onnx__Conv.html
void convolution(Translation& node) {
  const Value src = node.image(0);
  Weights weights = kernel_of(node, 1);
  const int64_t groups = node.attributes().integer("group", 1, 1, kMaxGroups), k = weights.shape[0];
  if (weights.shape[1] * groups != src.shape.c)
    node.refuse("weights of shape [{}] in {} groups for {} channels", fmt::join(weights.shape, ", "), groups,
                src.shape.c);
  const WindowAttributes window = read_window(node, std::pair(weights.shape[2], weights.shape[3]));
  Weights bias = bias_of(node, 2, k);
  node.result(node.append(std::make_shared<Convolution>(window, groups, std::move(weights), std::move(bias)), {src}));
}

// What a linear layer reads: features that are channels alone, or a whole map, the slowest axis first.
struct Features {
  bool map = false;
  std::vector<Axis> order;
};
Features features_of(Translation& node, const Value& src, size_t dimension) {
  const Shape& shape = src.shape;
  const int64_t all = shape.c * shape.h * shape.w;
  if (src.view.size(dimension) != all)
    node.refuse("a linear layer over dimension {} of a value of {}", dimension, to_string(src.view));
  std::vector<Axis> order = {Axis::c, Axis::h, Axis::w};
  do {
    const View flat = View::of(shape, {Axis::n, order[0], order[1], order[2]}).reshaped({shape.n, all});
    if (src.view.dimension(dimension) == flat.dimension(1)) return {.map = shape.h * shape.w > 1, .order = order};
  } while (std::next_permutation(order.begin(), order.end()));
  node.refuse("a linear layer over features in an order that is not supported: {}", to_string(src.view));
}

// Of row-major features: how far apart neighbours along an axis are.
int64_t step_along(Axis axis, const Features& features, const Shape& shape) {
  int64_t step = 1;
  for (size_t i = features.order.size(); i > 0 && features.order[i - 1] != axis; --i)
    step *= extent(shape, features.order[i - 1]);
  return step;
}

// K x features in their order -> K x C x H x W.
Weights as_map(const Weights& weights, const Features& features, const Shape& shape) {
  const int64_t k = weights.shape[0];
  if (features.order.front() == Axis::c && features.order.back() == Axis::w)
    return {weights.owner, weights.data, {k, shape.c, shape.h, shape.w}};
  const int64_t of_c = step_along(Axis::c, features, shape), of_h = step_along(Axis::h, features, shape),
                of_w = step_along(Axis::w, features, shape), all = shape.c * shape.h * shape.w;
  std::vector<float> planar;
  planar.reserve(static_cast<size_t>(weights.elements()));
  for (int64_t row = 0; row < k; ++row) {
    for (int64_t c = 0; c < shape.c; ++c) {
      for (int64_t h = 0; h < shape.h; ++h) {
        for (int64_t w = 0; w < shape.w; ++w)
          planar.push_back(weights.data[row * all + c * of_c + h * of_h + w * of_w]);
      }
    }
  }
  return Weights::from(std::move(planar), {k, shape.c, shape.h, shape.w});
}

Weights transposed(const Weights& weights) {
  const int64_t rows = weights.shape[0], columns = weights.shape[1];
  std::vector<float> result(static_cast<size_t>(weights.elements()));
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) result[static_cast<size_t>(j * rows + i)] = weights.data[i * columns + j];
  }
  return Weights::from(std::move(result), {columns, rows});
}

Weights scaled(const Weights& weights, double factor) {
  if (factor == 1 || weights.data == nullptr) return weights;
  std::vector<float> result(weights.data, weights.data + weights.elements());
  for (float& number : result) number = static_cast<float>(factor * static_cast<double>(number));
  return Weights::from(std::move(result), weights.shape);
}

}  // namespace

Value multiplied(Translation& node, size_t dimension, Weights weights, Weights bias, const std::string& suffix) {
  Value src = node.input(0);
  const int64_t k = weights.shape[0], c = weights.shape[1];
  if (src.view.size(dimension) != c)
    node.refuse("weights for {} features, but the source has {} ({})", c, src.view.size(dimension),
                to_string(src.view));
  const std::vector<Axis> axes = src.view.axes(dimension);
  const bool pointwise = src.shape.h * src.shape.w > 1 && src.view.rank() > 2 &&
                         std::all_of(axes.begin(), axes.end(), [](Axis axis) { return axis == Axis::c; });
  if (pointwise) {
    src = node.with_channels(src, dimension);
    weights.shape = {k, c, 1, 1};
    Value dst = node.append(std::make_shared<Convolution>(WindowAttributes{}, 1, std::move(weights), std::move(bias)),
                            {src}, suffix);
    dst.view = src.view.with(dimension, View::of(dst.shape).dimension(1));
    return dst;
  }
  const Features features = features_of(node, src, dimension);
  if (features.map) weights = as_map(weights, features, src.shape);
  Value dst = node.append(std::make_shared<Linear>(std::move(weights), std::move(bias)), {src}, suffix);
  dst.view = src.view.with(dimension, View::of(dst.shape).dimension(1));
  return dst;
}

namespace {

// A B^T with A from the image and B a constant.
// https://onnx.ai/onnx/operators/onnx__Gemm.html
void gemm(Translation& node) {
  Attributes& attributes = node.attributes();
  if (attributes.flag("transA", false)) node.refuse("transA = 1 is not supported");
  const bool rows_are_outputs = attributes.flag("transB", false);
  const double alpha = attributes.number("alpha", 1), beta = attributes.number("beta", 1);
  attributes.integer("broadcast", 0, 0, 1);  // opset 6: the bias is broadcast, as it always is later
  Weights weights = node.weights(1);
  if (weights.shape.size() != 2) node.refuse("weights of {} dimensions; expected two", weights.shape.size());
  if (node.input(0).constant || node.input(0).view.rank() != 2)
    node.refuse("expected a computed value of two dimensions");
  if (!rows_are_outputs) weights = transposed(weights);
  const int64_t k = weights.shape[0];
  Weights bias;
  if (node.has(2)) {
    bias = node.weights(2);
    if (bias.elements() == 1)
      bias = Weights::from(std::vector<float>(static_cast<size_t>(k), bias.data[0]), {k});
    else if (bias.elements() != k || bias.shape.back() != k)
      node.refuse("a bias of shape [{}] for {} outputs", fmt::join(bias.shape, ", "), k);
    bias.shape = {k};
  }
  node.result(multiplied(node, 1, scaled(weights, alpha), scaled(bias, beta)));
}

// https://onnx.ai/onnx/operators/onnx__MatMul.html
void matrix_product(Translation& node) {
  if (node.is_constant(0)) node.refuse("a product whose first matrix is a constant is not supported");
  if (!node.is_constant(1)) node.refuse("a product of two computed matrices (attention) is not supported yet");
  const Weights weights = node.weights(1);
  if (weights.shape.size() != 2) node.refuse("weights of {} dimensions; expected two", weights.shape.size());
  node.result(multiplied(node, node.input(0).view.rank() - 1, transposed(weights), {}));
}

// https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatMul
void tensorflow_matrix_product(Translation& node) {
  if (node.attributes().flag("transpose_a", false)) node.refuse("transpose_a is not supported");
  const bool rows_are_outputs = node.attributes().flag("transpose_b", false);
  node.attributes().flag("grad_a", false);
  node.attributes().flag("grad_b", false);
  if (node.is_constant(0) || node.input(0).view.rank() != 2) node.refuse("expected a computed value of two dimensions");
  const Weights weights = node.weights(1);
  if (weights.shape.size() != 2) node.refuse("weights of {} dimensions; expected two", weights.shape.size());
  node.result(multiplied(node, 1, rows_are_outputs ? weights : transposed(weights), {}));
}

// The paddings that make dst as large as output_shape says, or, with auto_pad SAME_, `stride` times as large as src: what is too much is
// cut off, the odd one at the end with SAME_UPPER, else at the begin. What is missing is added at the end.
void cut_to_size(Translation& node, WindowAttributes& window, OutputPadding& more, const Shape& src) {
  std::vector<int64_t> wanted = node.attributes().integers("output_shape", 1, 1 << 20);
  const std::string rule = node.attributes().text("auto_pad", "NOTSET");
  const bool same = rule.starts_with("SAME_");
  if (wanted.empty() && !same) return;
  if (wanted.size() == 4)
    wanted.erase(wanted.begin(), wanted.begin() + 2);  // older files say those of images and channels too
  if (!wanted.empty() && wanted.size() != 2)
    node.refuse("output_shape has {} numbers; expected two, for rows and columns", wanted.size());
  if (wanted.empty()) wanted = {src.h * window.stride_h, src.w * window.stride_w};
  const auto cut = [&](int64_t size, int64_t stride, int64_t reach, int64_t& added, int64_t out) {
    int64_t all = stride * (size - 1) + added + reach - out;
    if (all < 0) added -= std::exchange(all, 0);
    const int64_t begin = rule == "SAME_UPPER" ? all / 2 : all - all / 2;
    return std::pair(begin, all - begin);
  };
  std::tie(window.pad_top, window.pad_bottom) =
      cut(src.h, window.stride_h, window.dilation_h * (window.r - 1) + 1, more.h, wanted[0]);
  std::tie(window.pad_left, window.pad_right) =
      cut(src.w, window.stride_w, window.dilation_w * (window.s - 1) + 1, more.w, wanted[1]);
}

// https://onnx.ai/onnx/operators/onnx__ConvTranspose.html. Pads take from dst, output_padding adds at its bottom and right.
void transposed_convolution(Translation& node) {
  const Value src = node.image(0);
  Weights weights = kernel_of(node, 1);
  const int64_t groups = node.attributes().integer("group", 1, 1, kMaxGroups);
  if (weights.shape[0] != src.shape.c)
    node.refuse("weights for {} channels, but the source has {}", weights.shape[0], src.shape.c);
  WindowAttributes window = read_window(node, std::pair(weights.shape[2], weights.shape[3]), true);
  const std::vector<int64_t> more = node.attributes().integers("output_padding", 0, 1 << 10);
  if (!more.empty() && more.size() != 2) node.refuse("output_padding has {} numbers; expected two", more.size());
  Weights bias = bias_of(node, 2, weights.shape[1] * groups);
  OutputPadding padding = more.empty() ? OutputPadding{} : OutputPadding{more[0], more[1]};
  cut_to_size(node, window, padding, src.shape);
  node.result(node.append(
      std::make_shared<TransposedConvolution>(window, std::move(weights), groups, std::move(bias), padding), {src}));
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"Conv", convolution},
                              {"ConvTranspose", transposed_convolution},
                              {"Gemm", gemm},
                              {"MatMul", matrix_product},
                              {"tf.MatMul", tensorflow_matrix_product}};
  return table;
}

}  // namespace phosphene::source::convolutions
