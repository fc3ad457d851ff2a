// Sums, products and their like, of two values or of a value and constants.
#include <algorithm>
#include <cmath>

#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "loaders/import/rules.h"

namespace phosphene::source::arithmetic {
namespace {

// ---- a value and a constant

// A constant beside a value, broadcast as numpy does: one number for all, or one for each channel.
std::vector<float> per_channel(Translation& node, const Value& value, const Constant& constant) {
  const auto number = [&](size_t i) {
    return constant.integral ? static_cast<float>(constant.integers[i]) : constant.numbers.data[i];
  };
  if (constant.elements() == 1) return {number(0)};
  const size_t rank = value.view.rank(), given = constant.dims.size();
  std::optional<size_t> along;  // the dimension that is not 1
  for (size_t i = 0; i < given; ++i) {
    if (constant.dims[i] == 1) continue;
    if (along || given > rank)
      node.refuse("a constant of shape [{}] with a value of {}", fmt::join(constant.dims, ", "), to_string(value.view));
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

std::vector<float> mapped(std::vector<float> numbers, float (*function)(float)) {
  std::transform(numbers.begin(), numbers.end(), numbers.begin(), function);
  return numbers;
}

// op(value, constant), or with the constant first.
void with_constant(Translation& node, BinaryOperation operation, bool constant_first) {
  const Value& src = node.input(constant_first ? 1 : 0);
  std::vector<float> numbers = per_channel(node, src, node.constant(constant_first ? 0 : 1));
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

void of_two(Translation& node, BinaryOperation operation) {
  const Value &a = node.input(0), &b = node.input(1);
  const View view = joined(node, a.view, b.view);
  const bool same = a.shape == b.shape && operation == BinaryOperation::add;
  std::shared_ptr<const Op> op;
  if (same)
    op = std::make_shared<Add>();
  else
    op = std::make_shared<Binary>(operation);
  Value dst = node.append(std::move(op), {a, b});
  dst.view = view;
  node.result(std::move(dst));
}

// Before opset 7 the second operand is broadcast where `broadcast` says so, from dimension `axis` on.
void refuse_old_broadcast(Translation& node) {
  const bool broadcast = node.attributes().flag("broadcast", false);
  const bool along = node.attributes().has("axis");
  const int64_t axis = node.attributes().integer("axis", 0, -8, 8);
  if (!broadcast || !along || node.node().inputs.size() != 2) return;
  const auto rank = std::ssize(node.input(0).sizes()), other = std::ssize(node.input(1).sizes());
  if ((axis < 0 ? axis + rank : axis) + other != rank)
    node.refuse("broadcasts from dimension {} of {}: only the last dimensions are supported", axis, rank);
}

void binary(Translation& node, BinaryOperation operation) {
  refuse_old_broadcast(node);
  if (node.inputs() != 2) node.refuse("expected two inputs, got {}", node.inputs());
  if (node.is_constant(0)) return with_constant(node, operation, true);
  if (node.is_constant(1)) return with_constant(node, operation, false);
  of_two(node, operation);
}

void add(Translation& node) { binary(node, BinaryOperation::add); }
void subtract(Translation& node) { binary(node, BinaryOperation::subtract); }
void multiply(Translation& node) { binary(node, BinaryOperation::multiply); }
void divide(Translation& node) { binary(node, BinaryOperation::divide); }
void largest(Translation& node) { binary(node, BinaryOperation::maximum); }
void smallest(Translation& node) { binary(node, BinaryOperation::minimum); }
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
