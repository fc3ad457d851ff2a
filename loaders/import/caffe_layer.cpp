#include "loaders/import/caffe_layer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/error.h"

namespace phosphene::source::caffe {
namespace {

constexpr int64_t kMaxWindow = 1 << 10;  // taps, strides, paddings

std::vector<int64_t> without_leading_ones(const std::vector<int64_t>& shape) {
  return {std::find_if(shape.begin(), shape.end(), [](int64_t dim) { return dim != 1; }), shape.end()};
}

// Older files have four dimensions for everything. An inner product's weights are stored flat, K x (C H W); a blob of one dimension says
// its number of elements alone.
bool fits(const std::vector<int64_t>& stated, const std::vector<int64_t>& wanted) {
  const std::vector<int64_t> plain = without_leading_ones(stated);
  if (stated.size() == 1 || plain == without_leading_ones(wanted)) return true;
  if (wanted.size() != 4) return false;
  const int64_t rest = std::accumulate(wanted.begin() + 1, wanted.end(), int64_t{1}, std::multiplies<>());
  return plain == without_leading_ones({wanted[0], rest});
}

struct Pair {
  int64_t h = 0, w = 0;
};

Pair pair_of(Translation& node, const std::string& what, const std::string& stem, int64_t otherwise, int64_t least,
             bool both) {
  Attributes& attributes = node.attributes();
  const std::string rows = stem + "_h", columns = stem + "_w";
  const std::vector<int64_t> given = attributes.integers(what, least, kMaxWindow);
  const bool has_rows = attributes.has(rows), has_columns = attributes.has(columns);
  if (given.size() > 2) node.refuse("{} is given for {} axes; images have two", what, given.size());
  if (!given.empty() && (has_rows || has_columns)) node.refuse("has both {} and {}", what, has_rows ? rows : columns);
  if (both && has_rows != has_columns) node.refuse("has one of {} and {} alone", rows, columns);
  if (has_rows || has_columns) {
    // What is left out is 0, which a padding may be.
    const Pair pair{attributes.integer(rows, 0, least, kMaxWindow), attributes.integer(columns, 0, least, kMaxWindow)};
    if (std::min(pair.h, pair.w) < least) node.refuse("has one of {} and {} alone", rows, columns);
    return pair;
  }
  const Pair pair = given.empty() ? Pair{otherwise, otherwise} : Pair{given.front(), given.back()};
  if (std::min(pair.h, pair.w) < least) node.refuse("{} is missing", what);
  return pair;
}

WindowAttributes window_of(Translation& node, bool both) {
  const Pair size = pair_of(node, "kernel_size", "kernel", 0, 1, both), pad = pair_of(node, "pad", "pad", 0, 0, both),
             stride = pair_of(node, "stride", "stride", 1, 1, both);
  return {.r = size.h,
          .s = size.w,
          .stride_h = stride.h,
          .stride_w = stride.w,
          .pad_top = pad.h,
          .pad_left = pad.w,
          .pad_bottom = pad.h,
          .pad_right = pad.w};
}

}  // namespace

CaffeLayer::CaffeLayer(Translation& node, size_t least, size_t most, size_t tops) : node_(node) {
  while (bottoms_ < node.inputs() && !node.is_constant(bottoms_)) ++bottoms_;
  next_ = bottoms_;
  if (bottoms_ < least || bottoms_ > most) {
    if (least == most) node.refuse("expected {} bottom{}, got {}", least, least == 1 ? "" : "s", bottoms_);
    node.refuse("expected {} to {} bottoms, got {}", least, most, bottoms_);
  }
  const size_t held = node.node().outputs.size();
  if (tops != 0 && held != tops) node.refuse("expected {} top{}, got {}", tops, tops == 1 ? "" : "s", held);
}

std::string CaffeLayer::place() {
  return fmt::format("{}: layer '{}'", node_.attributes().text("weights_file", ""), node_.node().name);
}

Weights CaffeLayer::blob(std::vector<int64_t> shape) {
  const size_t index = next_ - bottoms_;
  if (next_ >= node_.inputs()) fail(place(), "has no weights for this layer (blob {})", index);
  const Constant& stored = node_.constant(next_++);
  Weights weights = stored.numbers;
  const int64_t count = stored.elements();
  weights.shape = std::move(shape);
  if (count != weights.elements() || !fits(stored.dims, weights.shape)) {
    fail(place(),
         "blob {} holds {} numbers of shape [{}], but the topology asks for [{}]: the two files do not belong together",
         index, count, fmt::join(stored.dims, ", "), fmt::join(weights.shape, ", "));
  }
  const float* bad =
      std::find_if(weights.data, weights.data + count, [](float number) { return !std::isfinite(number); });
  if (bad != weights.data + count) fail(place(), "blob {} holds {} at {}", index, *bad, bad - weights.data);
  return weights;
}

void CaffeLayer::give(Value value, size_t top) {
  node_.attributes().text("weights_file", "");
  if (next_ != node_.inputs())
    fail(place(), "holds {} blobs, but the topology uses {}", node_.inputs() - bottoms_, next_ - bottoms_);
  node_.result(std::move(value), top);
}

void CaffeLayer::give_alike(std::shared_ptr<const Op> op, const Value& src) {
  const View view = src.view;
  Value dst = node_.append(std::move(op), {src});
  dst.view = view;
  give(std::move(dst));
}

size_t CaffeLayer::axis(const char* name, int64_t otherwise) {
  return node_.dimension(node_.attributes().integer(name, otherwise, -8, 8), bottom().view.rank());
}

float number(Translation& node, const char* name, double otherwise) {
  return static_cast<float>(node.attributes().number(name, otherwise));
}

WindowAttributes convolution_window(Translation& node) {
  WindowAttributes window = window_of(node, false);
  const Pair dilation = pair_of(node, "dilation", "dilation", 1, 1, false);
  window.dilation_h = dilation.h;
  window.dilation_w = dilation.w;
  return window;
}

WindowAttributes pooling_window(Translation& node) {
  Attributes& attributes = node.attributes();
  WindowAttributes window = window_of(node, true);
  if (attributes.has("round_mode") && attributes.has("ceil_mode")) node.refuse("has both round_mode and ceil_mode");
  window.ceil =
      attributes.word("round_mode", "CEIL", {"CEIL", "FLOOR"}) == "CEIL" && attributes.flag("ceil_mode", true);
  return window;
}

}  // namespace phosphene::source::caffe
