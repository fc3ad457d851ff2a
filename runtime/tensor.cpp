#include "runtime/tensor.h"

#include <fmt/format.h>

#include <functional>
#include <numeric>

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
  }
  return 0;
}

std::string to_string(const Shape& shape) { return fmt::format("{}x{}x{}x{}", shape.n, shape.c, shape.h, shape.w); }

int64_t Weights::elements() const { return product(shape); }

Weights Weights::from(std::vector<float> values, std::vector<int64_t> shape) {
  auto owner = std::make_shared<const std::vector<float>>(std::move(values));
  const float* data = owner->data();
  return {std::move(owner), data, std::move(shape)};
}

int64_t HostTensor::elements() const { return product(dims); }

}  // namespace phosphene
