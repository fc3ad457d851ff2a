// Ops small enough to see through, for tests of the runtime itself.
#pragma once

#include <memory>

#include "runtime/differentiate.h"
#include "runtime/graph.h"

namespace phosphene {

inline TensorInfo pixels(int64_t c, int64_t h = 2, int64_t w = 3) {
  return {{1, c, h, w}, Layout::channels_last, DType::f32};
}

inline Weights ramp(int64_t count, std::vector<int64_t> shape) {
  std::vector<float> numbers(static_cast<size_t>(count));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(static_cast<int>(i % 7) - 3);
  return Weights::from(std::move(numbers), std::move(shape));
}

}  // namespace phosphene
