// Ops that move values or give them another shape.
#include <algorithm>
#include <numeric>

#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/concat.h"
#include "layers/network/pad.h"
#include "layers/network/pixel_shuffle.h"
#include "loaders/import/resize_rule.h"
#include "loaders/import/rules.h"
#include "runtime/error.h"

namespace phosphene::source::shapes {
namespace {

constexpr int64_t kMaxSide = 1 << 20;

void pass(Translation& node) { node.result(node.input(0)); }

void dropout(Translation& node) {
  node.attributes().ignore({"ratio", "is_test", "seed"});
  if (node.node().outputs.size() > 1 && !node.node().outputs[1].empty())
    node.refuse("the mask (a second output) is not supported");
  static_cast<void>(node.has(1));  // the ratio
  if (node.has(2) && node.scalar(2) != 0) node.refuse("is in training mode");
  pass(node);
}

// Between floating-point types: everything is computed in one.
void cast(Translation& node) {
  constexpr int64_t kFloat = 1, kHalf = 10, kDouble = 11, kBFloat16 = 16;
  const int64_t to = node.attributes().integer("to", 0, 64);
  node.attributes().ignore({"saturate"});
  if (to != kFloat && to != kHalf && to != kDouble && to != kBFloat16)
    node.refuse("a cast of computed values to type {} is not supported", to);
  pass(node);
}

}  // namespace

// The same numbers seen in another way. Channels that are whole again, but in another order, are put in order here, where a module of the
// file may end.
void with_view(Translation& node, View view) {
  Value value = node.input(0);
  value.view = std::move(view);
  for (size_t i = 0; i < value.view.rank(); ++i) {
    if (value.view.rank() == 4 && value.view.channel_order(i, value.shape)) value = node.with_channels(value, i, "");
  }
  node.result(std::move(value));
}

namespace {

// https://onnx.ai/onnx/operators/onnx__Reshape.html
void reshape(Translation& node) {
  const View& view = node.input(0).view;
  const bool zeros_stay = node.attributes().flag("allowzero", false);
  std::vector<int64_t> sizes = node.integers(1);
  int64_t known = 1, all = 1;
  for (const int64_t size : view.sizes()) all *= size;
  auto open = sizes.end();
  for (auto size = sizes.begin(); size != sizes.end(); ++size) {
    const auto index = static_cast<size_t>(size - sizes.begin());
    if (*size == 0 && !zeros_stay && index < view.rank()) *size = view.size(index);
    if (*size < -1 || *size == 0 || *size > kMaxSide * kMaxSide || (*size == -1 && open != sizes.end()))
      node.refuse("a reshape to [{}]", fmt::join(sizes, ", "));
    if (*size == -1)
      open = size;
    else if (__builtin_mul_overflow(known, *size, &known))
      node.refuse("a reshape to [{}]", fmt::join(sizes, ", "));
  }
  if (open != sizes.end()) *open = all / known;
  with_view(node, at_place(fmt::format("{}: from {} to [{}]", node.attributes().place(), to_string(view),
                                       fmt::join(sizes, ", ")),
                           [&] { return view.reshaped(sizes); }));
}

// https://onnx.ai/onnx/operators/onnx__Flatten.html
void flatten(Translation& node) {
  const View& view = node.input(0).view;
  const int64_t axis = node.attributes().integer("axis", 1, -8, 8);
  const size_t first = axis == static_cast<int64_t>(view.rank()) ? view.rank() : node.dimension(axis, view.rank());
  const std::vector<int64_t> sizes = view.sizes();
  const auto product = [](auto begin, auto end) {
    return std::accumulate(begin, end, int64_t{1}, std::multiplies<>());
  };
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(first);
  with_view(node, view.reshaped({product(sizes.begin(), middle), product(middle, sizes.end())}));
}

const char* name_of_axes(const Translation& node) { return node.node().op == "tf.Squeeze" ? "squeeze_dims" : "axes"; }

// TensorFlow's squeeze_dims beside ONNX's two forms.
std::vector<int64_t> axes_of(Translation& node) {
  std::vector<int64_t> axes = node.attributes().integers(name_of_axes(node), -8, 8);
  if (node.has(1)) axes = node.integers(1);
  if (axes.empty() && node.node().op == "Unsqueeze") node.refuse("the attribute axes is missing");
  return axes;
}

void refuse_twice(Translation& node, const std::vector<size_t>& sorted) {
  const auto found = std::adjacent_find(sorted.begin(), sorted.end());
  if (found != sorted.end()) node.refuse("{} name dimension {} twice", name_of_axes(node), *found);
}

void squeeze(Translation& node) {
  View view = node.input(0).view;
  std::vector<size_t> gone;
  for (const int64_t axis : axes_of(node)) gone.push_back(node.dimension(axis, view.rank()));
  if (gone.empty()) {
    for (size_t i = 0; i < view.rank(); ++i) {
      if (view.size(i) == 1) gone.push_back(i);
    }
  }
  std::sort(gone.rbegin(), gone.rend());
  refuse_twice(node, gone);
  for (const size_t index : gone) {
    if (view.size(index) != 1)
      node.refuse("{} name dimension {}, which has size {}", name_of_axes(node), index, view.size(index));
    view = view.without(index);
  }
  with_view(node, view);
}

void unsqueeze(Translation& node) {
  View view = node.input(0).view;
  const std::vector<int64_t> axes = axes_of(node);
  std::vector<size_t> added;
  for (const int64_t axis : axes) added.push_back(node.dimension(axis, view.rank() + axes.size()));
  std::sort(added.begin(), added.end());
  refuse_twice(node, added);
  for (const size_t index : added) view = view.inserted(index);
  with_view(node, view);
}

void transpose(Translation& node) {
  const View& view = node.input(0).view;
  std::vector<int64_t> order = node.attributes().integers("perm", 0, 7);
  if (node.has(1)) order = node.integers(1);  // TensorFlow's
  if (order.empty()) {
    for (size_t i = view.rank(); i > 0; --i) order.push_back(static_cast<int64_t>(i) - 1);
  }
  std::vector<int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != view.rank() || sorted[i] != static_cast<int64_t>(i))
      node.refuse("perm [{}] of a value of {} dimensions", fmt::join(order, ", "), view.rank());
  }
  with_view(node, view.transposed(order));
}

}  // namespace

// Along channels. https://onnx.ai/onnx/operators/onnx__Concat.html
void join(Translation& node, int64_t axis, size_t first, size_t end) {
  const size_t rank = node.input(first).sizes().size();
  const size_t dimension = node.dimension(axis, rank);
  std::vector<Value> sources;
  for (size_t i = first; i < end; ++i) {
    if (node.is_constant(i)) node.refuse("joins a constant with computed values");
    if (node.input(i).view.rank() != rank)
      node.refuse("joins values of {} and {} dimensions", rank, node.input(i).view.rank());
    sources.push_back(node.with_channels(node.input(i), dimension));
    if (sources.back().view.with(dimension, {}) != sources.front().view.with(dimension, {}))
      node.refuse("joins values of {} and {} along dimension {}", to_string(sources.front().view),
                  to_string(sources.back().view), dimension);
  }
  if (sources.size() == 1) return node.result(sources[0]);
  Value dst = node.append(std::make_shared<Concat>(), sources);
  dst.view = sources[0].view.with(dimension, View::of(dst.shape).dimension(1));
  node.result(std::move(dst));
}

namespace {

void concat(Translation& node) { join(node, node.attributes().integer("axis", -8, 8), 0, node.inputs()); }

int64_t axis_at(const Translation& node, size_t input) {
  const std::vector<int64_t> axis = node.integers(input);
  if (axis.size() != 1) node.refuse("the axis, input {}, has {} numbers", input, axis.size());
  return axis[0];
}

// TensorFlow's: the axis is the first input, or the last.
void axis_and_concat(Translation& node) {
  node.attributes().ignore({"N"});
  join(node, axis_at(node, 0), 1, node.inputs());
}
void concat_and_axis(Translation& node) {
  node.attributes().ignore({"N"});
  join(node, axis_at(node, node.inputs() - 1), 0, node.inputs() - 1);
}

// Channels [first, first + count) of a value whose dimension `dimension` they are.
Value some_channels(Translation& node, const Value& src, size_t dimension, int64_t first, int64_t count,
                    size_t output) {
  if (first == 0 && count == src.shape.c) return src;
  Value dst =
      node.append(std::make_shared<ChannelRange>(first, count), {src}, output == 0 ? "" : fmt::format("#{}", output));
  dst.view = src.view.with(dimension, View::of(dst.shape).dimension(1));
  return dst;
}

// Sizes of the parts: an input, or equal ones (num_outputs: the last may be smaller).
std::vector<int64_t> parts_of(Translation& node, int64_t size) {
  std::vector<int64_t> parts = node.attributes().integers("split", 0, kMaxSide);
  const auto outputs = node.attributes().integer("num_outputs", std::ssize(node.node().outputs), 1, kMaxSide);
  if (node.has(1)) parts = node.integers(1);
  if (parts.empty()) {
    const int64_t part = (size + outputs - 1) / outputs;
    for (int64_t i = 0; i < outputs; ++i) parts.push_back(std::min(part, size - i * part));
  }
  if (parts.size() != node.node().outputs.size() || std::accumulate(parts.begin(), parts.end(), int64_t{0}) != size)
    node.refuse("parts of [{}] of {} channels, in {} outputs", fmt::join(parts, ", "), size,
                node.node().outputs.size());
  return parts;
}

// https://onnx.ai/onnx/operators/onnx__Split.html
void split(Translation& node) {
  const size_t dimension = node.dimension(node.attributes().integer("axis", 0, -8, 8), node.input(0).view.rank());
  const Value src = node.with_channels(node.input(0), dimension);
  int64_t first = 0;
  const std::vector<int64_t> parts = parts_of(node, src.shape.c);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] < 1) node.refuse("a part of {} channels", parts[i]);
    node.result(some_channels(node, src, dimension, first, parts[i], i), i);
    first += parts[i];
  }
}

// Where a slice of a dimension begins and how much it takes.
std::pair<int64_t, int64_t> span_of(Translation& node, int64_t begin, int64_t end, int64_t size) {
  const auto clamped = [size](int64_t index) { return std::clamp(index < 0 ? index + size : index, int64_t{0}, size); };
  const int64_t first = clamped(begin), count = clamped(end) - first;
  if (count < 1) node.refuse("a slice from {} to {} of {} takes nothing", begin, end, size);
  return {first, count};
}

// Channels `chosen`, each at most once.
Value chosen_channels(Translation& node, const Value& given, size_t dimension, const std::vector<int64_t>& chosen) {
  const Value src = node.with_channels(given, dimension);
  bool neighbours = true;
  for (size_t i = 1; i < chosen.size(); ++i) neighbours = neighbours && chosen[i] == chosen[i - 1] + 1;
  const auto count = std::ssize(chosen);
  if (neighbours) return some_channels(node, src, dimension, chosen[0], count, 0);
  // Those that are not chosen stand behind them, and are cut off.
  std::vector<int64_t> order = chosen;
  for (int64_t channel = 0; channel < src.shape.c; ++channel) {
    const bool is_chosen = std::find(chosen.begin(), chosen.end(), channel) != chosen.end();
    if (!is_chosen) order.push_back(channel);
  }
  if (std::ssize(order) != src.shape.c) node.refuse("gathers a channel twice, which is not supported");
  Value dst = node.append(std::make_shared<ChannelPermutation>(order), {src}, count == src.shape.c ? "" : ":order");
  dst.view = src.view;
  if (count < src.shape.c) dst = some_channels(node, dst, dimension, 0, count, 0);
  return dst;
}

// Of what is computed: all indices in order, which is a reshape (exporters write a stride of 1 so), or some channels.
// https://onnx.ai/onnx/operators/onnx__Gather.html
void gather(Translation& node) {
  const Value& src = node.input(0);
  const size_t dimension = node.dimension(node.attributes().integer("axis", 0, -8, 8), src.view.rank());
  std::vector<int64_t> chosen = node.integers(1);
  const int64_t size = src.view.size(dimension);
  for (int64_t& index : chosen) {
    if (index < -size || index >= size) node.refuse("gathers index {} of {}", index, size);
    if (index < 0) index += size;
  }
  std::vector<int64_t> all(static_cast<size_t>(size));
  std::iota(all.begin(), all.end(), 0);
  if (chosen.empty()) node.refuse("gathers nothing");
  if (chosen != all) {
    if (node.constant(1).dims.size() > 1)
      node.refuse("gathers some elements of {} into another shape", to_string(src.view));
    Value some = chosen_channels(node, src, dimension, chosen);
    if (node.constant(1).dims.empty()) some.view = some.view.without(dimension);
    return node.result(std::move(some));
  }
  std::vector<int64_t> sizes = src.view.sizes();
  const auto at = sizes.begin() + static_cast<std::ptrdiff_t>(dimension);
  const std::vector<int64_t>& dims = node.constant(1).dims;
  sizes.insert(sizes.erase(at), dims.begin(), dims.end());
  with_view(node, src.view.reshaped(sizes));
}

// Rows, or columns, [first, first + count) of a value whose dimension `dimension` they are. At another size of the image as many are cut
// off at each side.
Value cropped(Translation& node, const Value& src, size_t dimension, int64_t first, int64_t count,
              const std::string& suffix) {
  const bool rows = src.view.is_axis(dimension, Axis::h, src.shape);
  const int64_t behind = src.view.size(dimension) - first - count;
  const Paddings paddings =
      rows ? Paddings{.top = -first, .bottom = -behind} : Paddings{.left = -first, .right = -behind};
  Value dst = node.append(std::make_shared<Pad>(paddings, PadRule::constant), {src}, suffix);
  dst.view = src.view.with(dimension, View::of(dst.shape).dimension(rows ? 2 : 3));
  return dst;
}

// https://onnx.ai/onnx/operators/onnx__Slice.html: data, starts, ends, axes, steps.
void slice(Translation& node) {
  Value value = node.input(0);
  const std::vector<int64_t> starts = node.integers(1), ends = node.integers(2);
  std::vector<int64_t> axes = node.has(3) ? node.integers(3) : std::vector<int64_t>(starts.size());
  if (!node.has(3)) std::iota(axes.begin(), axes.end(), 0);
  const std::vector<int64_t> steps = node.has(4) ? node.integers(4) : std::vector<int64_t>(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    node.refuse("has {} starts, {} ends, {} axes and {} steps", starts.size(), ends.size(), axes.size(), steps.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t dimension = node.dimension(axes[i], value.view.rank());
    if (steps[i] != 1) node.refuse("a slice with a step of {} is not supported", steps[i]);
    const auto [first, count] = span_of(node, starts[i], ends[i], value.view.size(dimension));
    const std::string suffix = i == 0 ? "" : fmt::format("#{}", i);
    if (count == value.view.size(dimension)) continue;
    if (value.view.is_axis(dimension, Axis::h, value.shape) || value.view.is_axis(dimension, Axis::w, value.shape))
      value = cropped(node, value, dimension, first, count, suffix);
    else if (value.view.axes(dimension) == std::vector<Axis>{Axis::c})
      value = some_channels(node, node.with_channels(value, dimension), dimension, first, count, i);
    else
      node.refuse("a slice of {} of dimension {} is not supported", to_string(value.view), dimension);
  }
  node.result(std::move(value));
}

// ShuffleNet's: the channels as `groups` rows, read by columns.
void shuffle_channels(Translation& node) {
  const Value src = node.image(0);
  const int64_t groups = node.attributes().integer("groups", 1, src.shape.c);
  node.result(node.append(ChannelPermutation::shuffle(src.shape.c, groups), {src}));
}

// https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
void depth_to_space(Translation& node) {
  const int64_t block = node.attributes().integer("blocksize", 1, 1 << 10);
  const bool by_element = node.attributes().word("mode", "DCR", {"DCR", "CRD"}) == "DCR";
  const BlockOrder order = by_element ? BlockOrder::element_first : BlockOrder::channel_first;
  node.result(node.append(std::make_shared<PixelShuffle>(block, order, false), {node.image(0)}));
}

// https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
void space_to_depth(Translation& node) {
  const int64_t block = node.attributes().integer("blocksize", 1, 1 << 10);
  node.result(node.append(std::make_shared<PixelShuffle>(block, BlockOrder::element_first, true), {node.image(0)}));
}

// https://onnx.ai/onnx/operators/onnx__Pad.html: data, pads, the constant, axes. Of rows and columns alone.
void pad(Translation& node) {
  const Value src = node.image(0);
  const std::string mode = node.attributes().word("mode", "constant", {"constant", "reflect", "edge"});
  const std::vector<int64_t> pads = node.integers(1);
  std::vector<int64_t> axes{0, 1, 2, 3};
  if (node.has(3)) axes = node.integers(3);
  if (pads.size() != 2 * axes.size()) node.refuse("pads has {} numbers for {} axes", pads.size(), axes.size());
  std::vector<int64_t> before(4), after(4);
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t dimension = node.dimension(axes[i], 4);
    before[dimension] = pads[i];
    after[dimension] = pads[axes.size() + i];
  }
  if (before[0] != 0 || before[1] != 0 || after[0] != 0 || after[1] != 0)
    node.refuse("pads [{}]: only rows and columns can be padded", fmt::join(pads, ", "));
  const double value = node.has(2) ? node.scalar(2) : 0;
  const PadRule rule = mode == "constant" ? PadRule::constant : mode == "reflect" ? PadRule::reflect : PadRule::edge;
  const Paddings paddings{before[2], before[3], after[2], after[3]};
  if (paddings == Paddings{}) return node.result(src);
  node.result(node.append(std::make_shared<Pad>(paddings, rule, static_cast<float>(value)), {src}));
}

// Of a computed value nothing is repeated: an expansion must change nothing.
void expand(Translation& node) {
  const std::vector<int64_t> sizes = node.input(0).sizes(), wanted = node.integers(1);
  if (wanted.size() > sizes.size())
    node.refuse("expands {} to [{}]", to_string(node.input(0).view), fmt::join(wanted, ", "));
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != 1 && wanted[i] != sizes[sizes.size() - wanted.size() + i])
      node.refuse("expands {} to [{}]", to_string(node.input(0).view), fmt::join(wanted, ", "));
  }
  pass(node);
}

}  // namespace

const Rules& rules() {
  static const Rules table = {{"torch.ChannelShuffle", shuffle_channels},
                              {"Identity", pass},
                              {"Dropout", dropout},
                              {"Cast", cast},
                              {"Reshape", reshape},
                              {"Flatten", flatten},
                              {"Squeeze", squeeze},
                              {"Split", split},
                              {"Slice", slice},
                              {"Gather", gather},
                              {"Unsqueeze", unsqueeze},
                              {"Transpose", transpose},
                              {"Concat", concat},
                              {"DepthToSpace", depth_to_space},
                              {"SpaceToDepth", space_to_depth},
                              {"Pad", pad},
                              {"Expand", expand},
                              {"Resize", resize},
                              {"tf.Reshape", reshape},
                              {"tf.Squeeze", squeeze},
                              {"tf.Transpose", transpose},
                              {"tf.Concat", axis_and_concat},
                              {"tf.ConcatV2", concat_and_axis}};
  return table;
}

}  // namespace phosphene::source::shapes
