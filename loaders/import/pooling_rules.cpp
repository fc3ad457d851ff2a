// Poolings.
#include <algorithm>

#include "layers/network/adaptive_average_pooling.h"
#include "layers/network/pooling.h"
#include "loaders/import/rules.h"
#include "loaders/import/windows.h"

namespace phosphene::source::poolings {
namespace {

Value append_global(Translation& node, const Value& src, PoolingKind kind) {
  return node.append(std::make_shared<Pooling>(kind, WindowAttributes{}, PoolingDivisor::padded, true), {src});
}

// A window over the whole map, at the size that the network was trained at, is meant to be global.
bool covers(const WindowAttributes& window, const Shape& src) {
  return window.r == src.h && window.s == src.w && window.pad_top == 0 && window.pad_left == 0 &&
         window.pad_bottom == 0 && window.pad_right == 0 && !window.same;
}

// https://onnx.ai/onnx/operators/onnx__MaxPool.html
void max_pooling(Translation& node) {
  if (node.node().outputs.size() > 1 && !node.node().outputs[1].empty())
    node.refuse("the indices of maxima (a second output) are not supported");
  const Value src = node.image(0);
  WindowAttributes window = read_window(node);
  window.ceil = node.attributes().flag("ceil_mode", false);
  node.attributes().ignore({"storage_order"});  // of the indices
  node.result(node.append(std::make_shared<Pooling>(PoolingKind::max, window, PoolingDivisor::padded, false), {src}));
}

// https://onnx.ai/onnx/operators/onnx__AveragePool.html
void average_pooling(Translation& node) {
  const Value src = node.image(0);
  WindowAttributes window = read_window(node);
  window.ceil = node.attributes().flag("ceil_mode", false);
  const bool padded = node.attributes().flag("count_include_pad", false);
  if (covers(window, src.shape)) return node.result(append_global(node, src, PoolingKind::average));
  const PoolingDivisor divisor = padded ? PoolingDivisor::padded : PoolingDivisor::inside;
  node.result(node.append(std::make_shared<Pooling>(PoolingKind::average, window, divisor, false), {src}));
}

void global_average(Translation& node) { node.result(append_global(node, node.image(0), PoolingKind::average)); }

void global_max(Translation& node) { node.result(append_global(node, node.image(0), PoolingKind::max)); }

// To a map of a fixed size: torch.nn.AdaptiveAvgPool2d.
void adaptive_average(Translation& node) {
  const std::vector<int64_t> size = node.attributes().integers("output_size", 1, 1 << 16);
  if (size.size() != 2) node.refuse("output_size has {} numbers; expected two", size.size());
  node.result(node.append(std::make_shared<AdaptiveAveragePooling>(size[0], size[1]), {node.image(0)}));
}

// Over all rows and columns, in whatever order the file sees the dimensions.
// https://onnx.ai/onnx/operators/onnx__ReduceMean.html
void reduce(Translation& node, PoolingKind kind, bool keep) {
  const Value& src = node.input(0);
  std::vector<int64_t> axes = node.attributes().integers("axes", -8, 8);
  if (node.has(1)) axes = node.integers(1);
  node.attributes().flag("noop_with_empty_axes", false);
  if (axes.empty()) node.refuse("a {} over no axes, or over all of them, is not supported", node.node().op);
  View view = src.view;
  std::vector<size_t> reduced;
  std::vector<Axis> covered;
  for (const int64_t axis : axes) {
    reduced.push_back(node.dimension(axis, view.rank()));
    for (const Axis part : view.axes(reduced.back())) covered.push_back(part);
    view = view.with(reduced.back(), {});
  }
  for (const Axis part : covered) {
    if (part == Axis::n || part == Axis::c)
      node.refuse("expected to reduce rows and columns, got axes [{}] of a value of {}", fmt::join(axes, ", "),
                  to_string(src.view));
  }
  for (size_t i = 0; i < view.rank(); ++i) {
    for (const Axis part : view.axes(i)) {
      if (part == Axis::h || part == Axis::w)
        node.refuse("expected to reduce all rows and columns, got axes [{}] of a value of {}", fmt::join(axes, ", "),
                    to_string(src.view));
    }
  }
  std::sort(reduced.rbegin(), reduced.rend());
  const auto twice = std::adjacent_find(reduced.begin(), reduced.end());
  if (twice != reduced.end()) node.refuse("axes name dimension {} twice", *twice);
  for (const size_t index : reduced) {
    if (!keep) view = view.without(index);
  }
  Value dst = append_global(node, src, kind);
  dst.view = view;
  node.result(std::move(dst));
}

void reduce_mean(Translation& node) { reduce(node, PoolingKind::average, node.attributes().flag("keepdims", true)); }

void reduce_max(Translation& node) { reduce(node, PoolingKind::max, node.attributes().flag("keepdims", true)); }

// TensorFlow's Mean: the axes are an input.
void mean(Translation& node) { reduce(node, PoolingKind::average, node.attributes().flag("keep_dims", false)); }

}  // namespace

const Rules& rules() {
  static const Rules table = {{"MaxPool", max_pooling},
                              {"AveragePool", average_pooling},
                              {"GlobalAveragePool", global_average},
                              {"GlobalMaxPool", global_max},
                              {"torch.AdaptiveAvgPool2d", adaptive_average},
                              {"ReduceMean", reduce_mean},
                              {"ReduceMax", reduce_max},
                              {"tf.Mean", mean}};
  return table;
}

}  // namespace phosphene::source::poolings
