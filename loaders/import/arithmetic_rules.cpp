// Sums, products and their like, of two values or of a value and constants.
#include <algorithm>
#include <cmath>
#include <limits>

#include "layers/network/activation.h"
#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/relu.h"
#include "loaders/import/rules.h"

namespace phosphene::source::arithmetic {

std::vector<float> per_channel(Translation& node, const Value& value, const Constant& constant) {
  const auto number = [&](size_t i) {
    return constant.integral ? static_cast<float>(constant.integers[i]) : constant.numbers.data[i];
  };
  const size_t rank = value.view.rank(), given = constant.dims.size();
  if (given > rank)
    node.refuse("a constant of shape [{}] with a value of {}", fmt::join(constant.dims, ", "), to_string(value.view));
  if (constant.elements() == 1) return {number(0)};
  std::optional<size_t> along;  // the dimension that is not 1
  for (size_t i = 0; i < given; ++i) {
    if (constant.dims[i] == 1) continue;
    if (along)
      node.refuse("a constant of shape [{}] with a value of {}: only one number for each channel is supported",
                  fmt::join(constant.dims, ", "), to_string(value.view));
    along = rank - given + i;
  }
  const std::optional<std::vector<int64_t>> order = value.view.channel_order(*along, value.shape);
  if (!order || std::ssize(*order) != constant.elements())
    node.refuse("a constant of shape [{}] with a value of {}: only one number for each channel is supported",
                fmt::join(constant.dims, ", "), to_string(value.view));
  std::vector<float> numbers(order->size());
  for (size_t i = 0; i < order->size(); ++i) numbers[static_cast<size_t>((*order)[i])] = number(i);
  return numbers;
}

namespace {

// ---- a value and a constant

void append_affine(Translation& node, const Value& src, std::vector<float> factor, std::vector<float> shift) {
  const auto is = [](const std::vector<float>& numbers, float one) {
    return std::all_of(numbers.begin(), numbers.end(), [one](float number) { return number == one; });
  };
  if (is(factor, 1) && is(shift, 0)) return node.result(src);
  const auto weights = [](std::vector<float> numbers) {
    const auto count = std::ssize(numbers);
    return numbers.empty() ? Weights{} : Weights::from(std::move(numbers), {count});
  };
  Value dst =
      node.append(std::make_shared<ChannelAffine>(weights(std::move(factor)), weights(std::move(shift))), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

// The larger, or the smaller, of a value and one number.
void append_clip(Translation& node, const Value& src, bool larger, const std::vector<float>& numbers) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (numbers.size() != 1)
    node.refuse("a {} of a value and a number for each channel is not supported", node.node().op);
  std::shared_ptr<const Op> op = larger && numbers[0] == 0
                                     ? std::make_shared<Relu>()
                                     : std::shared_ptr<const Op>(larger ? Activation::clip(numbers[0], kInfinity)
                                                                        : Activation::clip(-kInfinity, numbers[0]));
  Value dst = node.append(std::move(op), {src});
  dst.view = src.view;
  node.result(std::move(dst));
}

std::vector<float> mapped(std::vector<float> numbers, float (*function)(float)) {
  std::transform(numbers.begin(), numbers.end(), numbers.begin(), function);
  return numbers;
}

// op(value, constant), or with the constant first.
void with_constant(Translation& node, BinaryOperation operation, const Value& src, const Constant& constant,
                   bool constant_first) {
  std::vector<float> numbers = per_channel(node, src, constant);
  const auto negative = [](float number) { return -number; };
  const auto reciprocal = [](float number) { return 1 / number; };
  switch (operation) {
    case BinaryOperation::add:
      return append_affine(node, src, {}, std::move(numbers));
    case BinaryOperation::multiply:
      return append_affine(node, src, std::move(numbers), {});
    case BinaryOperation::subtract:
      if (constant_first) return append_affine(node, src, {-1.F}, std::move(numbers));
      return append_affine(node, src, {}, mapped(std::move(numbers), negative));
    case BinaryOperation::divide:
      if (constant_first) node.refuse("a constant divided by a value is not supported");
      for (const float number : numbers) {
        if (!std::isfinite(1 / number)) node.refuse("divides by {}", number);
      }
      return append_affine(node, src, mapped(std::move(numbers), reciprocal), {});
    case BinaryOperation::maximum:
    case BinaryOperation::minimum:
      return append_clip(node, src, operation == BinaryOperation::maximum, numbers);
    default:
      node.refuse("a {} of a value and a constant is not supported", node.node().op);
  }
}

// ---- two values

// How the file sees the result: dimensions are matched from the last; where one of the two has size 1 the other stands.
View joined(Translation& node, const View& a, const View& b) {
  std::vector<Dimension> dimensions(std::max(a.rank(), b.rank()));
  for (size_t i = 1; i <= dimensions.size(); ++i) {
    const Dimension first = i <= a.rank() ? a.dimension(a.rank() - i) : Dimension{};
    const Dimension second = i <= b.rank() ? b.dimension(b.rank() - i) : Dimension{};
    if (!first.empty() && !second.empty() && first != second)
      node.refuse("combines a value of {} with one of {}", to_string(a), to_string(b));
    dimensions[dimensions.size() - i] = first.empty() ? second : first;
  }
  return View(std::move(dimensions));
}

Value of_two(Translation& node, BinaryOperation operation, const Value& a, const Value& b,
             const std::string& suffix = "") {
  const View view = joined(node, a.view, b.view);
  const bool same = a.shape == b.shape && operation == BinaryOperation::add;
  std::shared_ptr<const Op> op;
  if (same)
    op = std::make_shared<Add>();
  else
    op = std::make_shared<Binary>(operation);
  Value dst = node.append(std::move(op), {a, b}, suffix);
  dst.view = view;
  return dst;
}

// Before opset 7 of ONNX the second operand may stand beside the first one's dimensions from `old_axis` on: it gets ones at its end.
Value second_operand(Translation& node) {
  Value value = node.input(1);
  if (!node.attributes().has("old_axis")) return value;
  const int64_t axis = node.attributes().integer("old_axis", -8, 8);
  const size_t rank = node.input(0).sizes().size(), other = value.sizes().size();
  const size_t first = node.dimension(axis, rank);
  if (first + other > rank) node.refuse("axis {} of a value of {} dimensions beside one of {}", axis, rank, other);
  for (size_t i = first + other; i < rank; ++i) {
    if (value.constant)
      value.constant->dims.push_back(1);
    else
      value.view = value.view.inserted(value.view.rank());
  }
  return value;
}

void binary(Translation& node, BinaryOperation operation) {
  if (node.inputs() != 2) node.refuse("expected two inputs, got {}", node.inputs());
  const Value &a = node.input(0), b = second_operand(node);
  if (a.constant) return with_constant(node, operation, b, *a.constant, true);
  if (b.constant) return with_constant(node, operation, a, *b.constant, false);
  node.result(of_two(node, operation, a, b));
}

// Of any number of values, one after another. https://onnx.ai/onnx/operators/onnx__Max.html
void of_several(Translation& node, BinaryOperation operation) {
  if (node.inputs() == 1) return node.result(node.input(0));
  if (node.inputs() == 2) return binary(node, operation);
  Value all = node.input(0);
  for (size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_constant(i)) node.refuse("a {} of a constant and several values is not supported", node.node().op);
    if (i > 0) all = of_two(node, operation, all, node.input(i), i + 1 < node.inputs() ? fmt::format(":{}", i) : "");
  }
  node.result(std::move(all));
}

void add(Translation& node) { binary(node, BinaryOperation::add); }
void subtract(Translation& node) { binary(node, BinaryOperation::subtract); }
void multiply(Translation& node) { binary(node, BinaryOperation::multiply); }
void divide(Translation& node) { binary(node, BinaryOperation::divide); }
void largest(Translation& node) { of_several(node, BinaryOperation::maximum); }
void smallest(Translation& node) { of_several(node, BinaryOperation::minimum); }
void negative(Translation& node) { append_affine(node, node.input(0), {-1.F}, {}); }

// TensorFlow's: one number for each channel, wherever data_format has them.
void bias_add(Translation& node) {
  if (node.attributes().word("data_format", "NHWC", {"NHWC", "NCHW"}) != "NHWC")
    node.refuse("data_format NCHW is not supported");
  add(node);
}

// Any number of values of one shape. https://onnx.ai/onnx/operators/onnx__Sum.html
void sum(Translation& node) {
  if (node.inputs() == 1) return node.result(node.input(0));
  if (node.inputs() == 2) return binary(node, BinaryOperation::add);
  std::vector<Value> sources;
  for (size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_constant(i)) node.refuse("adds a constant to several values");
    sources.push_back(node.input(i));
    if (sources[i].shape != sources[0].shape || sources[i].view != sources[0].view)
      node.refuse("adds values of {} and {}", to_string(sources[0].view), to_string(sources[i].view));
  }
  if (sources.size() > 8) node.refuse("adds {} values; at most 8 are supported", sources.size());
  Value dst = node.append(std::make_shared<Add>(), sources);
  dst.view = sources[0].view;
  node.result(std::move(dst));
}

// https://onnx.ai/onnx/operators/onnx__Mean.html
void mean(Translation& node) {
  if (node.inputs() == 1) return node.result(node.input(0));
  Value all = node.input(0);
  for (size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_constant(i)) node.refuse("a mean with a constant is not supported");
    if (i > 0) all = of_two(node, BinaryOperation::add, all, node.input(i), fmt::format(":{}", i));
  }
  append_affine(node, all, {1 / static_cast<float>(node.inputs())}, {});
}

// x^2 and x. https://onnx.ai/onnx/operators/onnx__Pow.html
void power(Translation& node) {
  const Value& src = node.input(0);
  if (src.constant || !node.is_constant(1) || node.constant(1).dims.size() > src.view.rank())
    node.refuse("expected a computed value to the power of a constant");
  const double exponent = node.scalar(1);
  if (exponent == 1) return node.result(src);
  if (exponent != 2) node.refuse("a value to the power of {} is not supported, only 1 and 2", exponent);
  node.result(of_two(node, BinaryOperation::multiply, src, src));
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"Add", add},
                              {"Sub", subtract},
                              {"Mul", multiply},
                              {"Div", divide},
                              {"Max", largest},
                              {"Min", smallest},
                              {"Neg", negative},
                              {"Sum", sum},
                              {"Mean", mean},
                              {"Pow", power},
                              // TensorFlow's, which broadcast alike.
                              {"tf.Add", add},
                              {"tf.AddV2", add},
                              {"tf.BiasAdd", bias_add},
                              {"tf.Sub", subtract},
                              {"tf.Mul", multiply},
                              {"tf.RealDiv", divide},
                              {"tf.Maximum", largest},
                              {"tf.Minimum", smallest},
                              {"tf.AddN", sum},
                              {"keras.Add", sum},
                              {"keras.Subtract", subtract},
                              {"keras.Multiply", multiply},
                              {"keras.Maximum", largest},
                              {"keras.Minimum", smallest},
                              {"keras.ops.Add", add},
                              {"keras.ops.Subtract", subtract},
                              {"keras.ops.Multiply", multiply},
                              {"keras.ops.TrueDivide", divide}};
  return table;
}

}  // namespace phosphene::source::arithmetic
