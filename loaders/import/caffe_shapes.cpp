// Caffe's layers: those that join, cut and reshape values, or pass them on.
#include <algorithm>
#include <numeric>

#include "layers/network/channel_range.h"
#include "loaders/import/caffe_layer.h"

namespace phosphene::source::caffe {
namespace {

constexpr int64_t kMaxSide = 1 << 20;
constexpr size_t kMaxJoined = 1 << 10;

// "axis", or its older name, which counts from the start alone.
size_t axis_or(CaffeLayer& layer, const char* older) {
  Translation& node = layer.node();
  if (node.attributes().has("axis") && node.attributes().has(older)) node.refuse("has both axis and {}", older);
  return node.attributes().has(older)
             ? node.dimension(node.attributes().integer(older, 1, 0, 8), layer.bottom().view.rank())
             : layer.axis();
}

void concat(Translation& node) {
  CaffeLayer layer(node, 1, kMaxJoined);
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

const Rules& shape_rules() {
  static const Rules table = {{"caffe.Concat", concat},   {"caffe.Dropout", pass}, {"caffe.Flatten", flatten},
                              {"caffe.Reshape", reshape}, {"caffe.Slice", slice},  {"caffe.Split", pass}};
  return table;
}

}  // namespace phosphene::source::caffe
