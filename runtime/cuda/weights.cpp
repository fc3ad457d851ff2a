#include "runtime/cuda/weights.h"

#include <fmt/format.h>

#include <algorithm>

namespace phosphene {
namespace {

// dst[o][p][c] = src[o][c][p].
std::vector<float> channels_innermost(const float* src, int64_t outer, int64_t channels, int64_t positions) {
  std::vector<float> dst(static_cast<size_t>(outer * channels * positions));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t p = 0; p < positions; ++p) {
        dst[static_cast<size_t>((o * positions + p) * channels + c)] = src[(o * channels + c) * positions + p];
      }
    }
  }
  return dst;
}

}  // namespace

std::shared_ptr<DeviceMemory> DeviceWeights::upload(const float* numbers, int64_t count) {
  auto memory = std::make_shared<DeviceMemory>(count * static_cast<int64_t>(sizeof(float)), device_.stream());
  device_.write(memory->data(), std::as_bytes(std::span<const float>(numbers, static_cast<size_t>(count))));
  return memory;
}

template <class Arrange>
std::shared_ptr<DeviceMemory> DeviceWeights::keep(const Weights& weights, const std::string& arrangement,
                                                  const Arrange& arrange) {
  Entry& entry = entries_[{weights.data, arrangement}];
  std::shared_ptr<DeviceMemory> memory = entry.memory.lock();
  if (memory == nullptr) {
    const std::vector<float> numbers = arrange();
    memory = upload(numbers.data(), static_cast<int64_t>(numbers.size()));
    entry = {weights, memory};
  }
  return memory;
}

std::shared_ptr<DeviceMemory> DeviceWeights::filter(const Weights& weights) {
  const auto& s = weights.shape;
  return keep(weights, "filter", [&] { return channels_innermost(weights.data, s[0], s[1], s[2] * s[3]); });
}

std::shared_ptr<DeviceMemory> DeviceWeights::matrix(const Weights& weights, const Shape& src) {
  const int64_t positions = src.h * src.w, k = weights.elements() / (src.c * positions);
  return keep(weights, fmt::format("matrix {}", positions),
              [&] { return channels_innermost(weights.data, k, src.c, positions); });
}

std::shared_ptr<DeviceMemory> DeviceWeights::plain(const Weights& weights) { return repeated(weights, 1); }

std::shared_ptr<DeviceMemory> DeviceWeights::repeated(const Weights& weights, int64_t rows) {
  return keep(weights, fmt::format("repeated {}", rows), [&] {
    std::vector<float> numbers;
    for (int64_t row = 0; row < rows; ++row)
      numbers.insert(numbers.end(), weights.data, weights.data + weights.elements());
    return numbers;
  });
}

}  // namespace phosphene
