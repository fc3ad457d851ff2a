#include "experiment/pages/power_spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "experiment/pages/fourier_transform.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// Hann's window, zero half a sample outside.
std::vector<double> hann(int64_t n) {
  std::vector<double> window(static_cast<size_t>(n));
  for (size_t i = 0; i < window.size(); ++i)
    window[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n));
  return window;
}

// The frequency of a coefficient, in cycles per pixel of either direction: at most a half.
double frequency_of(int64_t i, int64_t n) { return static_cast<double>(std::min(i, n - i)) / static_cast<double>(n); }

template <class Visit>
void for_each_frequency(int64_t h, int64_t w, Visit visit) {
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) visit(frequency_of(y, h), frequency_of(x, w), static_cast<size_t>(y * w + x));
}

double slope_of(const PowerSpectrum& spectrum, int64_t side) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (size_t ring = 0; ring < spectrum.power.size(); ++ring) {
    const double f = spectrum.frequency[ring];
    if (f < 4.0 / static_cast<double>(side) || f > 0.45 || !(spectrum.power[ring] > 0)) continue;
    const double x = std::log(f), y = std::log(spectrum.power[ring]);
    n += 1;
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  return n < 2 ? std::numeric_limits<double>::quiet_NaN() : (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace

std::vector<double> windowed_power(std::span<const float> plane, int64_t h, int64_t w) {
  if (h < 1 || w < 1 || std::ssize(plane) != h * w)
    fail_internal("power spectrum", "{} numbers for {} x {}", plane.size(), h, w);
  const double mean = std::accumulate(plane.begin(), plane.end(), 0.0) / static_cast<double>(plane.size());
  const std::vector<double> rows = hann(h), columns = hann(w);
  std::vector<double> src(plane.size());
  double energy = 0;
  for (size_t i = 0; i < src.size(); ++i) {
    const double window = rows[i / columns.size()] * columns[i % columns.size()];
    src[i] = window * (static_cast<double>(plane[i]) - mean);
    energy += window * window;
  }
  std::vector<double> power = squared_magnitudes(src, h, w);
  for (double& value : power) value /= energy;
  return power;
}

PowerSpectrum power_spectrum_of_plane(std::span<const float> plane, int64_t h, int64_t w) {
  const std::vector<double> power = windowed_power(plane, h, w);
  const int64_t side = std::min(h, w);
  std::vector<double> sums(static_cast<size_t>(side / 2) + 1), counts(sums.size());
  double all = 0, high = 0;
  for_each_frequency(h, w, [&](double fy, double fx, size_t i) {
    const double f = std::hypot(fy, fx);
    const auto ring = static_cast<size_t>(std::lround(f * static_cast<double>(side)));
    if (ring < sums.size()) {
      sums[ring] += power[i];
      counts[ring] += 1;
    }
    if (f > 0) all += power[i];
    if (f > 0.25) high += power[i];
  });
  PowerSpectrum spectrum;
  for (size_t ring = 1; ring < sums.size(); ++ring) {
    spectrum.frequency.push_back(static_cast<double>(ring) / static_cast<double>(side));
    spectrum.power.push_back(sums[ring] / counts[ring]);
  }
  spectrum.slope = slope_of(spectrum, side);
  spectrum.high_frequency_share = all > 0 ? high / all : 0;
  return spectrum;
}

PowerSpectrum power_spectrum(std::span<const float> planar, int64_t c, int64_t h, int64_t w) {
  const auto pixels = static_cast<size_t>(h * w);
  if (c != 3) return power_spectrum_of_plane(planar.first(pixels), h, w);
  std::vector<float> luminance(pixels);
  for (size_t i = 0; i < pixels; ++i)
    luminance[i] = 0.299F * planar[i] + 0.587F * planar[pixels + i] + 0.114F * planar[2 * pixels + i];
  return power_spectrum_of_plane(luminance, h, w);
}

CheckerboardShare checkerboard_share(std::span<const float> plane, int64_t h, int64_t w) {
  const std::vector<double> power = windowed_power(plane, h, w);
  constexpr double kRadius = 1.0 / 16;
  double all = 0, near = 0, count_near = 0;
  for_each_frequency(h, w, [&](double fy, double fx, size_t i) {
    if (fy == 0 && fx == 0) return;
    all += power[i];
    const double y = 0.5 - fy, x = 0.5 - fx;
    if (std::min({std::hypot(y, x), std::hypot(y, fx), std::hypot(fy, x)}) > kRadius) return;
    near += power[i];
    count_near += 1;
  });
  const auto others = static_cast<double>(power.size()) - 1;
  return {all > 0 ? near / all : 0, others > 0 ? count_near / others : 0};
}

Json to_json(const PowerSpectrum& spectrum) {
  Json rings = Json::array();
  for (size_t i = 0; i < spectrum.power.size(); ++i) rings.push_back({spectrum.frequency[i], spectrum.power[i]});
  // A slope that is not finite is written as null.
  return {{"slope", spectrum.slope}, {"high_frequency_share", spectrum.high_frequency_share}, {"rings", rings}};
}

PowerSpectrum spectrum_from(const Json& json) {
  PowerSpectrum spectrum;
  for (const Json& ring : json.at("rings")) {
    spectrum.frequency.push_back(ring.at(0));
    spectrum.power.push_back(ring.at(1));
  }
  const Json& slope = json.at("slope");
  spectrum.slope = slope.is_null() ? std::numeric_limits<double>::quiet_NaN() : slope.get<double>();
  spectrum.high_frequency_share = json.at("high_frequency_share");
  return spectrum;
}

}  // namespace phosphene
