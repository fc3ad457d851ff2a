#include "experiment/examples/network_fingerprint.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "layers/network/graph_weights.h"

namespace phosphene {
namespace {

// Hashes four bytes at a time: weights can be hundreds of megabytes.
void mix(uint64_t& hash, const Weights& weights) {
  for (int64_t i = 0; weights.data != nullptr && i < weights.elements(); ++i)
    hash = std::rotl((hash ^ std::bit_cast<uint32_t>(weights.data[i])) * 0x9E3779B97F4A7C15U, 29);
}

}  // namespace

uint64_t network_fingerprint(const Model& model, const Graph& graph) {
  uint64_t hash = 0;
  const Preprocessing& preprocessing = model.preprocessing;
  std::vector<float> numbers = preprocessing.mean;
  const std::vector<float>& scale = preprocessing.scale;
  const bool equal = std::adjacent_find(scale.begin(), scale.end(), std::not_equal_to<>()) == scale.end();
  numbers.insert(numbers.end(), scale.begin(), equal ? scale.begin() + 1 : scale.end());  // equal ones count once
  for (const int channel : preprocessing.order) numbers.push_back(static_cast<float>(channel));
  const auto count = static_cast<int64_t>(numbers.size());
  mix(hash, Weights::from(std::move(numbers), {count}));
  for (const Weights& weights : weights_of(graph)) mix(hash, weights);
  return hash;
}

}  // namespace phosphene
