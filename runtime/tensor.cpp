#include "runtime/tensor.h"

#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "kernels/host_device.h"

namespace phosphene {
namespace {

int64_t product(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

int64_t size_of(DType type) {
  switch (type) {
    case DType::f32:
      return 4;
    case DType::f64:
      return 8;
    case DType::u8:
      return 1;
    case DType::i64:
      return 8;
    case DType::bf16:
      return 2;
  }
  return 0;
}

std::vector<uint16_t> to_bf16(std::span<const float> numbers) {
  std::vector<uint16_t> narrowed;
  narrowed.reserve(numbers.size());
  for (const float number : numbers) {
    Bfloat16 half{};
    narrow(number, half);
    narrowed.push_back(half.bits);
  }
  return narrowed;
}

std::vector<float> from_bf16(std::span<const uint16_t> numbers) {
  std::vector<float> widened;
  widened.reserve(numbers.size());
  for (const uint16_t bits : numbers) widened.push_back(widen(Bfloat16{bits}));
  return widened;
}

std::string to_string(const Shape& shape) { return fmt::format("{}x{}x{}x{}", shape.n, shape.c, shape.h, shape.w); }

int64_t Weights::elements() const { return product(shape); }

Weights Weights::rows(int64_t first, int64_t count) const {
  if (data == nullptr) return {};
  Weights some = *this;
  some.data += first * (elements() / shape.front());
  some.shape.front() = count;
  return some;
}

Weights Weights::from(std::vector<float> values, std::vector<int64_t> shape) {
  auto owner = std::make_shared<const std::vector<float>>(std::move(values));
  const float* data = owner->data();
  return {std::move(owner), data, std::move(shape)};
}

int64_t HostTensor::elements() const { return product(dims); }

std::span<const float> HostTensor::image(int64_t n) const {
  const auto size = static_cast<size_t>(elements() / dims.at(0));
  return std::span<const float>(data).subspan(static_cast<size_t>(n) * size, size);
}

}  // namespace phosphene
