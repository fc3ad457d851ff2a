#include "loaders/import/view.h"

#include <algorithm>

#include "runtime/error.h"

namespace phosphene::source {
namespace {

constexpr const char* kNames = "NCHW";

// A dimension of `size` along an axis; of size 1 it has no factor.
Dimension whole(Axis axis, int64_t size) { return size == 1 ? Dimension{} : Dimension{{axis, size, 1}}; }

// Neighbours that are one part of their axis become one factor.
Dimension merged(const Dimension& factors) {
  Dimension result;
  for (const Factor& factor : factors) {
    if (!result.empty() && result.back().axis == factor.axis && result.back().step == factor.size * factor.step)
      result.back() = {factor.axis, result.back().size * factor.size, factor.step};
    else
      result.push_back(factor);
  }
  return result;
}

// Takes factors from `rest` (the slowest at its back) until they make `size`.
Dimension take(Dimension& rest, int64_t size) {
  Dimension taken;
  while (size > 1) {
    if (rest.empty()) fail("", "the shapes differ in their number of elements");
    const Factor next = rest.back();
    rest.pop_back();
    if (size % next.size == 0) {
      taken.push_back(next);
      size /= next.size;
    } else if (next.size % size == 0 && next.axis == Axis::c) {
      const int64_t inner = next.size / size;
      taken.push_back({next.axis, size, next.step * inner});
      rest.push_back({next.axis, inner, next.step});
      size = 1;
    } else {
      fail("", "a reshape that cuts {} elements of axis {} into pieces of {}", next.size,
           kNames[static_cast<size_t>(next.axis)], size);
    }
  }
  return merged(taken);
}

}  // namespace

int64_t extent(const Shape& shape, Axis axis) {
  switch (axis) {
    case Axis::n:
      return shape.n;
    case Axis::c:
      return shape.c;
    case Axis::h:
      return shape.h;
    case Axis::w:
      return shape.w;
  }
  return 1;
}

View View::of(const Shape& shape, const std::vector<Axis>& order) {
  std::vector<Dimension> dimensions;
  for (const Axis axis : order) dimensions.push_back(whole(axis, extent(shape, axis)));
  return View(std::move(dimensions));
}

int64_t View::size(size_t index) const {
  int64_t size = 1;
  for (const Factor& factor : dimensions_.at(index)) size *= factor.size;
  return size;
}

std::vector<int64_t> View::sizes() const {
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < rank(); ++i) sizes.push_back(size(i));
  return sizes;
}

View View::transposed(const std::vector<int64_t>& order) const {
  std::vector<Dimension> dimensions;
  for (const int64_t index : order) dimensions.push_back(dimensions_.at(static_cast<size_t>(index)));
  return View(std::move(dimensions));
}

View View::reshaped(const std::vector<int64_t>& sizes) const {
  Dimension rest;
  for (const Dimension& dimension : dimensions_) rest.insert(rest.end(), dimension.begin(), dimension.end());
  std::reverse(rest.begin(), rest.end());
  std::vector<Dimension> dimensions;
  for (const int64_t size : sizes) dimensions.push_back(take(rest, size));
  if (!rest.empty()) fail("", "the shapes differ in their number of elements");
  return View(std::move(dimensions));
}

View View::without(size_t index) const {
  View view = *this;
  view.dimensions_.erase(view.dimensions_.begin() + static_cast<std::ptrdiff_t>(index));
  return view;
}

View View::with(size_t index, Dimension dimension) const {
  View view = *this;
  view.dimensions_.at(index) = std::move(dimension);
  return view;
}

View View::inserted(size_t index) const {
  View view = *this;
  view.dimensions_.insert(view.dimensions_.begin() + static_cast<std::ptrdiff_t>(index), Dimension{});
  return view;
}

bool View::is_axis(size_t index, Axis axis, const Shape& shape) const {
  return dimensions_.at(index) == whole(axis, extent(shape, axis));
}

std::optional<std::vector<int64_t>> View::channel_order(size_t index, const Shape& shape) const {
  const Dimension& factors = dimensions_.at(index);
  std::vector<int64_t> order{0};
  for (const Factor& factor : factors) {
    if (factor.axis != Axis::c) return std::nullopt;
    std::vector<int64_t> longer;
    for (const int64_t outer : order) {
      for (int64_t i = 0; i < factor.size; ++i) longer.push_back(outer + i * factor.step);
    }
    order = std::move(longer);
  }
  if (std::ssize(order) != shape.c) return std::nullopt;
  return order;
}

std::vector<Axis> View::axes(size_t index) const {
  std::vector<Axis> axes;
  for (const Factor& factor : dimensions_.at(index)) {
    if (std::find(axes.begin(), axes.end(), factor.axis) == axes.end()) axes.push_back(factor.axis);
  }
  return axes;
}

std::string to_string(const View& view) {
  std::string text;
  for (const Dimension& dimension : view.dimensions()) {
    std::string factors;
    for (const Factor& factor : dimension) {
      factors +=
          fmt::format("{}{}{}", factors.empty() ? "" : " ", kNames[static_cast<size_t>(factor.axis)], factor.size);
    }
    if (dimension.size() > 1) factors = "(" + factors + ")";
    text += fmt::format("{}{}", text.empty() ? "" : " x ", dimension.empty() ? "1" : factors);
  }
  return text;
}

}  // namespace phosphene::source
