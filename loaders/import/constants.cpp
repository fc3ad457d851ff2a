// Nodes whose inputs are all known are computed while importing: chains of Shape, Gather, Concat ... that give a reshape its sizes, and
// what exporters do to weights. Their memory is bounded (Importer::may_make): a short file can ask for any constant.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "loaders/import/rules.h"
#include "runtime/error.h"

namespace phosphene::source {
namespace constants {
namespace {

int64_t product(const std::vector<int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

// How many elements a new constant has, before its memory is taken.
int64_t elements_of_new(Translation& node, const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count))
      node.refuse("a constant of shape [{}]", fmt::join(dims, ", "));
  }
  if (!node.may_make(count))
    node.refuse("a constant of shape [{}]: what nodes make of constants would take too much memory",
                fmt::join(dims, ", "));
  return count;
}

// A constant of this shape whose element i is the source's element from(i).
Constant gathered(Translation& node, const Constant& src, std::vector<int64_t> dims,
                  const std::function<int64_t(int64_t)>& from) {
  const int64_t count = elements_of_new(node, dims);
  if (src.integral) {
    std::vector<int64_t> integers(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i)
      integers[static_cast<size_t>(i)] = src.integers.at(static_cast<size_t>(from(i)));
    return Constant::of(std::move(integers), std::move(dims));
  }
  std::vector<float> numbers(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) numbers[static_cast<size_t>(i)] = src.numbers.data[from(i)];
  return Constant::of(std::move(numbers), std::move(dims));
}

// The same elements in another shape.
Constant reshaped(Constant constant, std::vector<int64_t> dims) {
  constant.dims = dims;
  if (!constant.integral) constant.numbers.shape = std::move(dims);
  return constant;
}

// The index of each dimension of element `i` of a row-major tensor.
std::vector<int64_t> indices_of(int64_t i, const std::vector<int64_t>& dims) {
  std::vector<int64_t> indices(dims.size());
  for (size_t d = dims.size(); d > 0; --d) {
    indices[d - 1] = i % dims[d - 1];
    i /= dims[d - 1];
  }
  return indices;
}

int64_t offset_of(const std::vector<int64_t>& indices, const std::vector<int64_t>& dims) {
  int64_t offset = 0;
  for (size_t d = 0; d < dims.size(); ++d) offset = offset * dims[d] + indices[d];
  return offset;
}

void give(Translation& node, Constant constant) {
  node.result({.constant = std::move(constant), .layer = "", .shape = {}, .view = {}});
}

void shape(Translation& node) {
  const std::vector<int64_t> sizes = node.input(0).sizes();
  const auto rank = std::ssize(sizes);
  const auto clamped = [rank](int64_t at) {
    return std::clamp(at < 0 ? at + rank : at, int64_t{0}, static_cast<int64_t>(rank));
  };
  constexpr int64_t kFar = int64_t{1} << 40;
  const int64_t start = clamped(node.attributes().integer("start", 0, -kFar, kFar)),
                end = clamped(node.attributes().integer("end", rank, -kFar, kFar));
  std::vector<int64_t> part(sizes.begin() + start, sizes.begin() + std::max(start, end));
  const auto count = std::ssize(part);
  give(node, Constant::of(std::move(part), {count}));
}

void gather(Translation& node) {
  const Constant &data = node.constant(0), &at = node.constant(1);
  const size_t axis = node.dimension(node.attributes().integer("axis", 0, -8, 8), data.dims.size());
  const std::vector<int64_t> chosen = node.integers(1);
  const int64_t size = data.dims[axis];
  for (const int64_t index : chosen) {
    if (index < -size || index >= size) node.refuse("gathers index {} of {}", index, size);
  }
  std::vector<int64_t> dims(data.dims.begin(), data.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), at.dims.begin(), at.dims.end());
  dims.insert(dims.end(), data.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.dims.end());
  const int64_t inner = product({data.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.dims.end()}),
                count = std::ssize(chosen);
  give(node, gathered(node, data, dims, [&](int64_t i) {
         const int64_t index = chosen[static_cast<size_t>(i / inner % count)];
         return (i / inner / count * size + (index < 0 ? index + size : index)) * inner + i % inner;
       }));
}

void concat(Translation& node) {
  const std::vector<int64_t>& first = node.constant(0).dims;
  const size_t axis = node.dimension(node.attributes().integer("axis", -8, 8), first.size());
  std::vector<int64_t> dims = first;
  dims[axis] = 0;
  for (size_t i = 0; i < node.inputs(); ++i) {
    const Constant& part = node.constant(i);
    std::vector<int64_t> same = part.dims;
    if (same.size() != first.size() || part.integral != node.constant(0).integral)
      node.refuse("joins constants that do not fit");
    dims[axis] += same[axis];
    same[axis] = first[axis];
    if (same != first)
      node.refuse("joins constants of shapes [{}] and [{}]", fmt::join(first, ", "), fmt::join(part.dims, ", "));
  }
  Constant dst =
      node.constant(0).integral ? Constant::of(std::vector<int64_t>{}, dims) : Constant::of(std::vector<float>{}, dims);
  elements_of_new(node, dims);
  std::vector<float> numbers;
  const int64_t outer = product({dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis)});
  for (int64_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < node.inputs(); ++i) {
      const Constant& part = node.constant(i);
      const int64_t count = part.elements() / outer;
      for (int64_t e = o * count; e < (o + 1) * count; ++e) {
        if (part.integral)
          dst.integers.push_back(part.integers[static_cast<size_t>(e)]);
        else
          numbers.push_back(part.numbers.data[e]);
      }
    }
  }
  if (!dst.integral) dst = Constant::of(std::move(numbers), dims);
  give(node, std::move(dst));
}

void cast(Translation& node) {
  const Constant& src = node.constant(0);
  const int64_t to = node.attributes().integer("to", 0, 64);
  node.attributes().ignore({"saturate"});
  const bool numbers = to == 1 || to == 10 || to == 11 || to == 16;
  if (numbers == !src.integral) return give(node, src);
  elements_of_new(node, src.dims);
  if (numbers) return give(node, Constant::of(std::vector<float>(src.integers.begin(), src.integers.end()), src.dims));
  std::vector<int64_t> integers;
  for (int64_t i = 0; i < src.elements(); ++i) {
    const float number = src.numbers.data[i];
    if (!(std::fabs(number) < 0x1p62F)) node.refuse("casts {} to an integer", number);
    integers.push_back(to == 9 ? number != 0 : static_cast<int64_t>(number));
  }
  give(node, Constant::of(std::move(integers), src.dims));
}

void reshape(Translation& node) {
  std::vector<int64_t> dims = node.integers(1);
  const Constant& src = node.constant(0);
  const bool zeros_stay = node.attributes().flag("allowzero", false);
  int64_t known = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !zeros_stay && i < src.dims.size()) dims[i] = src.dims[i];
    if (dims[i] < -1 || dims[i] > int64_t{1} << 28) node.refuse("a reshape to [{}]", fmt::join(dims, ", "));
    if (dims[i] != -1 && __builtin_mul_overflow(known, dims[i], &known))
      node.refuse("a reshape to [{}]", fmt::join(dims, ", "));
  }
  for (int64_t& dim : dims) {
    if (dim == -1) dim = known == 0 ? 0 : src.elements() / known;
  }
  if (product(dims) != src.elements())
    node.refuse("a reshape of [{}] to [{}]", fmt::join(src.dims, ", "), fmt::join(dims, ", "));
  give(node, reshaped(src, std::move(dims)));
}

void transpose(Translation& node) {
  const Constant& src = node.constant(0);
  std::vector<int64_t> order = node.attributes().integers("perm", 0, 7), dims, sorted;
  for (size_t i = src.dims.size(); order.size() < src.dims.size() && i > 0; --i)
    order.push_back(static_cast<int64_t>(i) - 1);
  sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != src.dims.size() || sorted[i] != static_cast<int64_t>(i))
      node.refuse("perm [{}] of {} dimensions", fmt::join(order, ", "), src.dims.size());
    dims.push_back(src.dims[static_cast<size_t>(order[i])]);
  }
  give(node, gathered(node, src, dims, [&](int64_t i) {
         const std::vector<int64_t> at = indices_of(i, dims);
         std::vector<int64_t> from(at.size());
         for (size_t d = 0; d < at.size(); ++d) from[static_cast<size_t>(order[d])] = at[d];
         return offset_of(from, src.dims);
       }));
}

std::vector<int64_t> axes_of(Translation& node) {
  std::vector<int64_t> axes = node.attributes().integers("axes", -8, 8);
  if (node.has(1)) axes = node.integers(1);
  if (axes.empty() && node.node().op == "Unsqueeze") node.refuse("the attribute axes is missing");
  return axes;
}

void unsqueeze(Translation& node) {
  const Constant& src = node.constant(0);
  const std::vector<int64_t> axes = axes_of(node);
  std::vector<size_t> added;
  for (const int64_t axis : axes) added.push_back(node.dimension(axis, src.dims.size() + axes.size()));
  std::sort(added.begin(), added.end());
  const auto twice = std::adjacent_find(added.begin(), added.end());
  if (twice != added.end()) node.refuse("axes name dimension {} twice", *twice);
  std::vector<int64_t> dims = src.dims;
  for (const size_t at : added) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(std::min(at, dims.size())), 1);
  give(node, reshaped(src, std::move(dims)));
}

void squeeze(Translation& node) {
  const Constant& src = node.constant(0);
  const std::vector<int64_t> axes = axes_of(node);
  std::vector<int64_t> dims;
  std::vector<size_t> gone;
  for (const int64_t axis : axes) gone.push_back(node.dimension(axis, src.dims.size()));
  for (size_t i = 0; i < src.dims.size(); ++i) {
    const bool goes = axes.empty() ? src.dims[i] == 1 : std::find(gone.begin(), gone.end(), i) != gone.end();
    if (goes && src.dims[i] != 1) node.refuse("squeezes dimension {}, which has size {}", i, src.dims[i]);
    if (!goes) dims.push_back(src.dims[i]);
  }
  give(node, reshaped(src, std::move(dims)));
}

void slice(Translation& node) {
  Constant value = node.constant(0);
  const std::vector<int64_t> starts = node.integers(1), ends = node.integers(2);
  std::vector<int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has(3)) axes = node.integers(3);
  const std::vector<int64_t> steps = node.has(4) ? node.integers(4) : std::vector<int64_t>(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    node.refuse("has starts, ends, axes and steps of different lengths");
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = node.dimension(axes[i], value.dims.size());
    if (steps[i] != 1) node.refuse("a slice of a constant with a step of {}", steps[i]);
    const int64_t size = value.dims[axis];
    const auto clamped = [size](int64_t at) { return std::clamp(at < 0 ? at + size : at, int64_t{0}, size); };
    const int64_t first = clamped(starts[i]);
    std::vector<int64_t> dims = value.dims;
    dims[axis] = std::max(clamped(ends[i]) - first, int64_t{0});
    const Constant src = value;
    value = gathered(node, src, dims, [&](int64_t e) {
      std::vector<int64_t> at = indices_of(e, dims);
      at[axis] += first;
      return offset_of(at, src.dims);
    });
  }
  give(node, std::move(value));
}

void constant_of_shape(Translation& node) {
  std::vector<int64_t> dims = node.integers(0);
  const Constant* value = node.attributes().constant("value");
  if (value != nullptr && value->elements() != 1) node.refuse("fills with {} numbers", value->elements());
  const auto size = static_cast<size_t>(elements_of_new(node, dims));
  if (value != nullptr && value->integral)
    return give(node, Constant::of(std::vector<int64_t>(size, value->integers[0]), std::move(dims)));
  give(node, Constant::of(std::vector<float>(size, value == nullptr ? 0.F : value->numbers.data[0]), std::move(dims)));
}

void range(Translation& node) {
  constexpr int64_t kFar = int64_t{1} << 40;
  const int64_t start = node.integers(0).at(0), limit = node.integers(1).at(0), step = node.integers(2).at(0);
  if (step == 0 || start < -kFar || start > kFar || limit < -kFar || limit > kFar || (limit - start) / step > (1 << 20))
    node.refuse("a range from {} to {} by {}", start, limit, step);
  std::vector<int64_t> integers;
  for (int64_t i = start; step > 0 ? i < limit : i > limit; i += step) integers.push_back(i);
  const auto count = std::ssize(integers);
  give(node, Constant::of(std::move(integers), {count}));
}

// ---- element by element

std::vector<int64_t> broadcast(Translation& node, const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::vector<int64_t> dims(std::max(a.size(), b.size()));
  for (size_t i = 1; i <= dims.size(); ++i) {
    const int64_t first = i <= a.size() ? a[a.size() - i] : 1, second = i <= b.size() ? b[b.size() - i] : 1;
    if (first != second && first != 1 && second != 1)
      node.refuse("combines constants of shapes [{}] and [{}]", fmt::join(a, ", "), fmt::join(b, ", "));
    dims[dims.size() - i] = first == 1 ? second : first;
  }
  return dims;
}

Constant expanded(Translation& node, const Constant& src, const std::vector<int64_t>& dims) {
  if (src.dims == dims) return src;
  return gathered(node, src, dims, [&](int64_t i) {
    std::vector<int64_t> at = indices_of(i, dims);
    at.erase(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(dims.size() - src.dims.size()));
    for (size_t d = 0; d < at.size(); ++d) at[d] = src.dims[d] == 1 ? 0 : at[d];
    return offset_of(at, src.dims);
  });
}

// One operation of two elements, for integers and for numbers.
struct Elementwise {
  int64_t (*integers)(int64_t, int64_t);
  double (*numbers)(double, double);
};

void combine(Translation& node, const Elementwise& operation) {
  if (node.attributes().has("old_axis"))
    node.refuse("combines constants along an axis, as before opset 7, which is not supported");
  if (node.inputs() != 2) node.refuse("expected two inputs, got {}", node.inputs());
  const std::vector<int64_t> dims = broadcast(node, node.constant(0).dims, node.constant(1).dims);
  const int64_t count = elements_of_new(node, dims);
  const Constant a = expanded(node, node.constant(0), dims), b = expanded(node, node.constant(1), dims);
  if (a.integral != b.integral) node.refuse("combines integers and numbers");
  if (!a.integral) {
    std::vector<float> numbers(static_cast<size_t>(count));
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<float>(
          operation.numbers(static_cast<double>(a.numbers.data[i]), static_cast<double>(b.numbers.data[i])));
    return give(node, Constant::of(std::move(numbers), dims));
  }
  std::vector<int64_t> integers(static_cast<size_t>(count));
  for (size_t i = 0; i < integers.size(); ++i) {
    if (node.node().op == "Div" && b.integers[i] == 0) node.refuse("divides by 0");
    integers[i] = operation.integers(a.integers[i], b.integers[i]);
  }
  give(node, Constant::of(std::move(integers), dims));
}

int64_t wrapped(int64_t a, int64_t b, bool (*operation)(int64_t, int64_t, int64_t*)) {
  int64_t result = 0;
  if (operation(a, b, &result)) fail("", "a constant overflows 64 bits");
  return result;
}

void add(Translation& node) {
  combine(node, {[](int64_t a, int64_t b) {
                   return wrapped(a, b,
                                  [](int64_t x, int64_t y, int64_t* z) { return __builtin_add_overflow(x, y, z); });
                 },
                 [](double a, double b) { return a + b; }});
}
void subtract(Translation& node) {
  combine(node, {[](int64_t a, int64_t b) {
                   return wrapped(a, b,
                                  [](int64_t x, int64_t y, int64_t* z) { return __builtin_sub_overflow(x, y, z); });
                 },
                 [](double a, double b) { return a - b; }});
}
void multiply(Translation& node) {
  combine(node, {[](int64_t a, int64_t b) {
                   return wrapped(a, b,
                                  [](int64_t x, int64_t y, int64_t* z) { return __builtin_mul_overflow(x, y, z); });
                 },
                 [](double a, double b) { return a * b; }});
}
void divide(Translation& node) {
  combine(node, {[](int64_t a, int64_t b) { return b == -1 ? (a == INT64_MIN ? a : -a) : a / b; },
                 [](double a, double b) { return a / b; }});
}

void each(Translation& node, double (*function)(double)) {
  const Constant& src = node.constant(0);
  if (src.integral) node.refuse("of integers is not supported");
  elements_of_new(node, src.dims);
  std::vector<float> numbers(src.numbers.data, src.numbers.data + src.elements());
  for (float& number : numbers) number = static_cast<float>(function(static_cast<double>(number)));
  give(node, Constant::of(std::move(numbers), src.dims));
}

void square_root(Translation& node) {
  each(node, [](double x) { return std::sqrt(x); });
}
void reciprocal(Translation& node) {
  each(node, [](double x) { return 1 / x; });
}
void reciprocal_root(Translation& node) {
  each(node, [](double x) { return 1 / std::sqrt(x); });
}
void floor(Translation& node) {
  each(node, [](double x) { return std::floor(x); });
}
void ceil(Translation& node) {
  each(node, [](double x) { return std::ceil(x); });
}
void negative(Translation& node) {
  Constant constant = node.constant(0);
  if (!constant.integral) return each(node, [](double x) { return -x; });
  for (int64_t& integer : constant.integers) {
    if (integer == INT64_MIN) node.refuse("overflows 64 bits");
    integer = -integer;
  }
  give(node, std::move(constant));
}
void identity(Translation& node) { give(node, node.constant(0)); }

void expand(Translation& node) {
  give(node, expanded(node, node.constant(0), broadcast(node, node.constant(0).dims, node.integers(1))));
}

const Rules& rules_of_constants() {
  static const Rules rules = {{"Shape", shape},
                              {"Gather", gather},
                              {"Concat", concat},
                              {"Cast", cast},
                              {"Reshape", reshape},
                              {"Transpose", transpose},
                              {"Squeeze", squeeze},
                              {"Unsqueeze", unsqueeze},
                              {"Slice", slice},
                              {"Range", range},
                              {"Expand", expand},
                              {"ConstantOfShape", constant_of_shape},
                              {"Add", add},
                              {"Sub", subtract},
                              {"Mul", multiply},
                              {"Div", divide},
                              {"Sqrt", square_root},
                              {"Reciprocal", reciprocal},
                              {"Floor", floor},
                              {"Ceil", ceil},
                              {"Neg", negative},
                              {"Identity", identity},
                              // TensorFlow's; its ops on constants are ONNX's but for their names.
                              {"tf.Add", add},
                              {"tf.AddV2", add},
                              {"tf.Sub", subtract},
                              {"tf.Mul", multiply},
                              {"tf.RealDiv", divide},
                              {"tf.Sqrt", square_root},
                              {"tf.Rsqrt", reciprocal_root},
                              {"tf.Identity", identity},
                              {"tf.Reshape", reshape}};
  return rules;
}

}  // namespace
}  // namespace constants

bool folds(Translation& node) {
  const auto rule = constants::rules_of_constants().find(node.node().op);
  if (node.node().op != "Shape" && (!node.all_known() || node.inputs() == 0)) return false;
  if (rule == constants::rules_of_constants().end()) node.refuse("of constants is not supported");
  rule->second(node);
  return true;
}

}  // namespace phosphene::source
