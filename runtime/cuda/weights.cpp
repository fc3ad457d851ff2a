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

std::shared_ptr<DeviceMemory> DeviceWeights::upload(std::span<const std::byte> bytes) {
  auto memory = std::make_shared<DeviceMemory>(std::ssize(bytes), device_.stream());
  device_.write(memory->data(), bytes);
  return memory;
}

template <class Arrange>
std::shared_ptr<DeviceMemory> DeviceWeights::keep(const Weights& weights, const std::string& arrangement, DType storage,
                                                  const Arrange& arrange) {
  Entry& entry = entries_[{weights.data, weights.shape, arrangement, storage}];
  std::shared_ptr<DeviceMemory> memory = entry.memory.lock();
  if (memory == nullptr) {
    const std::vector<float> numbers = arrange();
    const std::vector<uint16_t> halves = storage == DType::bf16 ? to_bf16(numbers) : std::vector<uint16_t>();
    memory = upload(storage == DType::bf16 ? std::as_bytes(std::span(halves)) : std::as_bytes(std::span(numbers)));
    entry = {weights, memory};
  }
  return memory;
}

std::shared_ptr<DeviceMemory> DeviceWeights::filter(const Weights& weights, DType storage) {
  const auto& s = weights.shape;
  return keep(weights, "filter", storage, [&] { return channels_innermost(weights.data, s[0], s[1], s[2] * s[3]); });
}

std::shared_ptr<DeviceMemory> DeviceWeights::taps(const Weights& weights, DType storage) {
  const auto& s = weights.shape;
  return keep(weights, "taps", storage, [&] { return channels_innermost(weights.data, 1, s[0], s[2] * s[3]); });
}

std::shared_ptr<DeviceMemory> DeviceWeights::matrix(const Weights& weights, const Shape& src, DType storage) {
  const int64_t positions = src.h * src.w, k = weights.elements() / (src.c * positions);
  return keep(weights, fmt::format("matrix {}", positions), storage,
              [&] { return channels_innermost(weights.data, k, src.c, positions); });
}

std::shared_ptr<DeviceMemory> DeviceWeights::plain(const Weights& weights, DType storage) {
  return repeated(weights, 1, storage);
}

std::shared_ptr<DeviceMemory> DeviceWeights::repeated(const Weights& weights, int64_t rows, DType storage) {
  return keep(weights, fmt::format("repeated {}", rows), storage, [&] {
    std::vector<float> numbers;
    for (int64_t row = 0; row < rows; ++row)
      numbers.insert(numbers.end(), weights.data, weights.data + weights.elements());
    return numbers;
  });
}

}  // namespace phosphene
