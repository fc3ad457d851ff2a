#include "tests/loaders/small_generator.h"

#include <numeric>
#include <random>

#include "loaders/safetensors.h"

namespace phosphene::testing {
namespace {

constexpr const char* kLayers =
    R"([{"name": "in", "type": "conv", "in_channels": 4, "out_channels": 6, "kernel": 1, "stride": 1, "padding": 0,
         "activation": "leaky_relu"},
        {"name": "up", "type": "conv_transpose", "in_channels": 6, "out_channels": 5, "kernel": 4, "stride": 2, "padding": 1,
         "output_padding": 0, "activation": "relu"},
        {"name": "mix", "type": "conv", "in_channels": 5, "out_channels": 5, "kernel": 3, "stride": 1, "padding": 1,
         "activation": "none"},
        {"name": "out", "type": "conv", "in_channels": 5, "out_channels": 3, "kernel": 3, "stride": 1, "padding": 1,
         "activation": "sigmoid"}])";

// Multiples of 1 / 64 in [-1/2, 1/2), the same on every machine.
SmallGenerator::Tensor random(std::vector<int64_t> shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> numbers;
  const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  for (int64_t i = 0; i < count; ++i) numbers.push_back((static_cast<float>(generator() >> 26) - 32) / 64);
  return {std::move(shape), std::move(numbers)};
}

SmallGenerator::Tensor channels(const std::vector<float>& numbers) {
  return {{static_cast<int64_t>(numbers.size())}, numbers};
}

}  // namespace

SmallGenerator::SmallGenerator()
    : tensors{{"in.weight", random({6, 4, 1, 1}, 1)},
              {"in.bias", random({6}, 2)},
              {"up.weight", random({6, 5, 4, 4}, 3)},
              {"up.bias", random({5}, 4)},
              {"mix.weight", random({5, 5, 3, 3}, 5)},
              {"mix.bias", random({5}, 6)},
              {"out.weight", random({3, 5, 3, 3}, 7)},
              {"out.bias", random({3}, 8)},
              {"code_mean", channels({0, 0.25F, -0.5F, 1})},
              {"code_std", channels({1, 0.5F, 2, 1})},
              {"code_min", channels({-3, -1, -6, -2})},
              {"code_max", channels({3, 2, 6, 4})},
              {"encoder_mean", random({8}, 9)},
              {"encoder_proj", random({8, 4}, 10)}},
      metadata{{"format", "phosphene-generator-1"},
               {"leaky_slope", "0.25"},
               {"layers", kLayers},
               {"training", R"({"encoder": "conv2"})"}} {}

SmallGenerator& SmallGenerator::edit(const std::string& key, const std::string& from, const std::string& to) {
  std::string& text = metadata.at(key);
  text.replace(text.find(from), from.size(), to);
  return *this;
}

void SmallGenerator::write(const std::string& path) const {
  std::vector<NamedTensor> named;
  for (const auto& [name, tensor] : tensors) named.push_back({name, tensor.shape, tensor.numbers});
  write_safetensors(path, named, metadata);
}

}  // namespace phosphene::testing
