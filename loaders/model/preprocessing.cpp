#include "loaders/model/preprocessing.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "runtime/error.h"

namespace phosphene {
namespace {

bool all_equal(const std::vector<float>& numbers) {
  return std::adjacent_find(numbers.begin(), numbers.end(), std::not_equal_to<>()) == numbers.end();
}

std::string colours_of(const std::vector<int>& order) {
  std::vector<int> same(order.size());
  std::iota(same.begin(), same.end(), 0);
  if (order.size() == 1) return "grey";
  if (order.size() == 3 && order == std::vector<int>{2, 1, 0}) return "BGR";
  if (order == same) return order.size() == 3 ? "RGB" : fmt::format("{} channels", order.size());
  return fmt::format("channels {}", fmt::join(order, " "));
}

// " minus 104 117 123"; one number for all where they are equal.
std::string listed(const char* word, const std::vector<double>& numbers) {
  std::vector<std::string> words;
  for (const double number : numbers) words.push_back(fmt::format("{:.4g}", number));
  if (std::adjacent_find(words.begin(), words.end(), std::not_equal_to<>()) == words.end()) words.resize(1);
  return fmt::format("{} {}", word, fmt::join(words, " "));
}

}  // namespace

std::vector<float> prepare_input(const Preprocessing& preprocessing, const HostTensor& planar) {
  const size_t channels = preprocessing.order.size();
  if (planar.dims.size() != 4 || std::ssize(preprocessing.order) != planar.dims[1] ||
      preprocessing.scale.size() != channels || preprocessing.mean.size() != channels) {
    fail_internal("prepare_input", "expected an image of N x {} x H x W", channels);
  }
  const int64_t n = planar.dims[0], c = planar.dims[1], pixels = planar.dims[2] * planar.dims[3];
  std::vector<float> input(planar.data.size());
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t channel = 0; channel < c; ++channel) {
      const auto k = static_cast<size_t>(channel);
      const float* src = planar.data.data() + (image * c + preprocessing.order[k]) * pixels;
      float* dst = input.data() + image * pixels * c + channel;
      for (int64_t i = 0; i < pixels; ++i) dst[i * c] = preprocessing.scale[k] * src[i] - preprocessing.mean[k];
    }
  }
  return input;
}

std::string describe(const Preprocessing& preprocessing) {
  const std::vector<float>&scale = preprocessing.scale, &mean = preprocessing.mean;
  const std::string colours = colours_of(preprocessing.order);
  if (std::find(scale.begin(), scale.end(), 0.F) != scale.end())
    return fmt::format("{} in 0..1 times {:.4g} minus {:.4g}", colours, fmt::join(scale, " "), fmt::join(mean, " "));
  if (all_equal(scale) && all_equal(mean) && scale[0] > 0)
    return fmt::format("{} in {:.4g}..{:.4g}", colours, 0 - mean[0], scale[0] - mean[0]);
  constexpr double kByte = 255;
  const double range = all_equal(scale) && scale[0] > 1 ? kByte : 1;  // of the values that `mean` is taken from
  std::vector<double> offsets, divisors;
  for (size_t c = 0; c < scale.size(); ++c) {
    const auto factor = static_cast<double>(scale[c]);
    offsets.push_back(range * static_cast<double>(mean[c]) / factor);
    divisors.push_back(range / factor);
  }
  const bool divided = std::any_of(divisors.begin(), divisors.end(), [](double divisor) { return divisor != 1; });
  return fmt::format("{} in 0..{}{}{}", colours, range, listed(" minus", offsets),
                     divided ? listed(", divided by", divisors) : "");
}

}  // namespace phosphene
