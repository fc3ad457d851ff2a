// How a file sees a value: the engine keeps every value as N x C x H x W, while a file reshapes, transposes and squeezes it. A view says
// which part of which axis each dimension of the file's is, so that a transposition or a reshape computes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/tensor.h"

namespace phosphene::source {

enum class Axis : uint8_t { n, c, h, w };

// A part of an axis: index i of it, from 0 to size - 1, is i step of the axis. Never of size 1.
struct Factor {
  Axis axis = Axis::n;
  int64_t size = 1, step = 1;

  bool operator==(const Factor&) const = default;
};

// One dimension as the file sees it: its factors, the slowest first. None: a dimension of size 1.
using Dimension = std::vector<Factor>;

class View {
 public:
  View() = default;
  explicit View(std::vector<Dimension> dimensions) : dimensions_(std::move(dimensions)) {}
  // N x C x H x W, or with the axes in another order.
  static View of(const Shape& shape, const std::vector<Axis>& order = {Axis::n, Axis::c, Axis::h, Axis::w});

  [[nodiscard]] size_t rank() const { return dimensions_.size(); }
  [[nodiscard]] const std::vector<Dimension>& dimensions() const { return dimensions_; }
  [[nodiscard]] const Dimension& dimension(size_t index) const { return dimensions_.at(index); }
  [[nodiscard]] int64_t size(size_t index) const;
  [[nodiscard]] std::vector<int64_t> sizes() const;

  // dst dimension i is dimension order[i].
  [[nodiscard]] View transposed(const std::vector<int64_t>& order) const;
  // As row-major elements in another shape. Channels can be split into factors; throws where rows, columns or images would be.
  [[nodiscard]] View reshaped(const std::vector<int64_t>& sizes) const;
  [[nodiscard]] View without(size_t index) const;          // a dimension that is gone
  [[nodiscard]] View with(size_t index, Dimension) const;  // one replaced
  [[nodiscard]] View inserted(size_t index) const;         // one of size 1 before `index`

  // Whether a dimension is one axis, whole and in order (or of size 1, as the axis is).
  [[nodiscard]] bool is_axis(size_t index, Axis axis, const Shape& shape) const;
  // For a dimension that is the whole channel axis in some order: the channel that each of its indices is. Nothing otherwise.
  [[nodiscard]] std::optional<std::vector<int64_t>> channel_order(size_t index, const Shape& shape) const;
  // The axes of which a dimension has factors, each once, the slowest first.
  [[nodiscard]] std::vector<Axis> axes(size_t index) const;

  bool operator==(const View&) const = default;

 private:
  std::vector<Dimension> dimensions_;
};

int64_t extent(const Shape& shape, Axis axis);

// The sizes with the axes that they lie along: "1 x C64 x H56 x W56", "1 x (C64 H7 W7)".
std::string to_string(const View& view);

}  // namespace phosphene::source
