#include "loaders/import/kernels_last.h"

namespace phosphene::source {
namespace {

Weights of_four_dimensions(Translation& node, size_t input) {
  Weights weights = node.weights(input);
  if (weights.shape.size() != 4)
    node.refuse("a kernel of {} dimensions; expected four, those of an image", weights.shape.size());
  return weights;
}

// taps x others as others x taps.
std::vector<float> taps_last(const Weights& weights, int64_t taps, int64_t others) {
  std::vector<float> dst(static_cast<size_t>(weights.elements()));
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t i = 0; i < others; ++i) dst[static_cast<size_t>(i * taps + tap)] = weights.data[tap * others + i];
  }
  return dst;
}

}  // namespace

Weights kernel(Translation& node, size_t input) {
  const Weights weights = of_four_dimensions(node, input);
  const int64_t r = weights.shape[0], s = weights.shape[1], c = weights.shape[2], k = weights.shape[3], taps = r * s;
  std::vector<float> dst(static_cast<size_t>(weights.elements()));
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t i = 0; i < c; ++i) {
      for (int64_t o = 0; o < k; ++o)
        dst[static_cast<size_t>((o * c + i) * taps + tap)] = weights.data[(tap * c + i) * k + o];
    }
  }
  return Weights::from(std::move(dst), {k, c, r, s});
}

Weights depthwise_kernel(Translation& node, size_t input) {
  const Weights weights = of_four_dimensions(node, input);
  const int64_t r = weights.shape[0], s = weights.shape[1], filters = weights.shape[2] * weights.shape[3];
  return Weights::from(taps_last(weights, r * s, filters), {filters, 1, r, s});
}

}  // namespace phosphene::source
