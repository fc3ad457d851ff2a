#include "experiment/run/one_colour.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace phosphene {

std::optional<std::string> one_colour(std::span<const float> picture, const Shape& shape) {
  const auto pixels = static_cast<size_t>(shape.h * shape.w);
  if (pixels < 2) return std::nullopt;
  std::string colour = "#";
  for (size_t channel = 0; channel < static_cast<size_t>(shape.c); ++channel) {
    const std::span<const float> plane = picture.subspan(channel * pixels, pixels);
    const auto [least, most] = std::minmax_element(plane.begin(), plane.end());
    const auto eight_bits = [](float value) { return std::lround(std::clamp(value, 0.F, 1.F) * 255); };
    if (eight_bits(*least) != eight_bits(*most)) return std::nullopt;
    colour += fmt::format("{:02x}", eight_bits(*least));
  }
  return colour;
}

bool at_the_end_of_its_range(const std::string& colour) {
  for (size_t at = 1; at < colour.size(); at += 2) {
    const std::string digits = colour.substr(at, 2);
    if (digits != "00" && digits != "ff") return false;
  }
  return true;
}

}  // namespace phosphene
