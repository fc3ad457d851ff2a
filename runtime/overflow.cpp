#include "runtime/overflow.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();
constexpr double kLargestSum = 1e-6 * static_cast<double>(std::numeric_limits<float>::max());

std::span<const float> numbers_of(const Weights& weights) {
  if (weights.data == nullptr) return {};
  return {weights.data, static_cast<size_t>(weights.elements())};
}

float magnitude_of(const Weights& weights, const std::string& layer) {
  const float largest = largest_magnitude(numbers_of(weights));
  if (largest == kInfinite) fail(layer, "its weights hold a number that is not finite");
  return largest;
}

// How many products of a source and a weight make a sum; 0 where they make none in a forward pass.
int64_t products_of(const Problem& problem) {
  if (const auto* p = std::get_if<ConvolutionProblem>(&problem))
    return p->src.c / p->groups * p->window.r * p->window.s;
  if (const auto* p = std::get_if<LinearProblem>(&problem)) return p->src.c * p->src.h * p->src.w;
  return 0;
}

}  // namespace

// The bits of a magnitude are in its order, and those of what is not finite above all others.
float largest_magnitude(std::span<const float> numbers) {
  constexpr uint32_t kMagnitude = 0x7FFFFFFF;
  uint32_t largest = 0;
  for (const float number : numbers) {
    const uint32_t bits = std::bit_cast<uint32_t>(number) & kMagnitude;
    largest = bits > largest ? bits : largest;
  }
  const auto magnitude = std::bit_cast<float>(largest);
  return std::isfinite(magnitude) ? magnitude : kInfinite;
}

float largest_safe_source(const Problem& problem, const std::string& layer) {
  if (const auto* lrn = std::get_if<LrnProblem>(&problem))  // sums of squares
    return static_cast<float>(std::sqrt(kLargestSum / ((2.0 * lrn->radius + 1) * std::fmax(1.0, lrn->alpha))));
  const std::vector<Weights> weights = weights_of(problem);
  if (weights.empty()) return kInfinite;
  const auto largest = static_cast<double>(magnitude_of(weights[0], layer));
  static_cast<void>(magnitude_of(weights[1], layer));
  const auto products = static_cast<double>(products_of(problem));
  if (largest == 0 || products == 0) return kInfinite;
  return static_cast<float>(std::fmin(kLargestSum / (largest * products), kLargestSum));
}

}  // namespace phosphene
