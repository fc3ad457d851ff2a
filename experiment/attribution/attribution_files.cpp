#include "experiment/attribution/attribution_files.h"

#include <algorithm>
#include <cmath>

#include "experiment/photos/photo_file.h"

namespace phosphene {
namespace {

double full_colour_at(const std::vector<double>& map) {
  constexpr std::ptrdiff_t kOfAThousand = 995;
  std::vector<double> magnitudes;
  for (const double number : map) magnitudes.push_back(std::abs(number));
  const auto at = magnitudes.begin() + (std::ssize(magnitudes) - 1) * kOfAThousand / 1000;
  std::nth_element(magnitudes.begin(), at, magnitudes.end());
  return *at > 0 ? *at : *std::max_element(magnitudes.begin(), magnitudes.end());
}

}  // namespace

double write_heat_map(const std::string& path, const HostTensor& photograph, const std::vector<double>& map) {
  constexpr double kRed[] = {0.85, 0.1, 0.1}, kBlue[] = {0.1, 0.25, 0.9};
  const double full = full_colour_at(map);
  const size_t pixels = map.size();
  std::vector<float> picture(3 * pixels);
  for (size_t i = 0; i < pixels; ++i) {
    double gray = 0;
    for (size_t colour = 0; colour < 3; ++colour) gray += photograph.data[colour * pixels + i] / 3.0;
    const double strength = full > 0 ? std::min(std::abs(map[i]) / full, 1.0) : 0;
    const double light = 0.35 + 0.5 * gray;  // so that both colours are seen on white and on black
    for (size_t colour = 0; colour < 3; ++colour) {
      const double towards = map[i] > 0 ? kRed[colour] : kBlue[colour];
      picture[colour * pixels + i] = static_cast<float>(light + strength * (towards - light));
    }
  }
  write_png(path, picture.data(), 3, photograph.dims.at(2), photograph.dims.at(3));
  return full;
}

}  // namespace phosphene
