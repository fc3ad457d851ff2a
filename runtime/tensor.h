// Shapes, layouts and host tensors.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace phosphene {

enum class DType : uint8_t { f32, f64, u8, i64, bf16 };
int64_t size_of(DType type);

// The nearest bfloat16 of each number, ties to even, and back.
std::vector<uint16_t> to_bf16(std::span<const float> numbers);
std::vector<float> from_bf16(std::span<const uint16_t> numbers);

// How the four logical dimensions lie in memory. The network is channels_last (NHWC); image space is planar (NCHW).
enum class Layout : uint8_t { channels_last, planar };

// Logical dimensions, whatever the layout. A vector of C numbers per image is (N, C, 1, 1).
struct Shape {
  int64_t n = 1;
  int64_t c = 1;
  int64_t h = 1;
  int64_t w = 1;

  [[nodiscard]] int64_t elements() const { return n * c * h * w; }
  bool operator==(const Shape&) const = default;
};
std::string to_string(const Shape& shape);  // "1x64x56x56", always N C H W

// Shape, layout and type of a value, before it has memory.
struct TensorInfo {
  Shape shape;
  Layout layout = Layout::channels_last;
  DType dtype = DType::f32;

  [[nodiscard]] int64_t bytes() const { return shape.elements() * size_of(dtype); }
  bool operator==(const TensorInfo&) const = default;
};

// Immutable float32 numbers on the host, shared between the model, its graphs and the plans. `owner` keeps them alive (a
// vector, or the mapping of a file).
struct Weights {
  std::shared_ptr<const void> owner;
  const float* data = nullptr;
  std::vector<int64_t> shape;

  [[nodiscard]] int64_t elements() const;
  // Rows [first, first + count) along the first dimension, without a copy; empty numbers stay empty.
  [[nodiscard]] Weights rows(int64_t first, int64_t count) const;
  static Weights from(std::vector<float> values, std::vector<int64_t> shape);
};

// Float32 numbers on the host, in the order of `dims`: what files hold and what tests compare.
struct HostTensor {
  std::vector<int64_t> dims;
  std::vector<float> data;

  [[nodiscard]] int64_t elements() const;
  [[nodiscard]] std::span<const float> image(int64_t n) const;  // the numbers of image n of N x C x H x W
};

}  // namespace phosphene
