#include "experiment/image/magnitude.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiment/image/parameterization.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kTensor = "magnitude";

// By least squares over rings of equal width in the frequency's logarithm, .01 to .25 cycles per pixel, of 28 photographs (the 24 of Kodak
// and four of scikit-image's) at 256 x 256.
constexpr double kFallsBy[] = {1.29, 1.45, 1.37};
constexpr double kShares[] = {1, 0.66, 0.85};

int64_t columns_of(int64_t w) { return (w + w % 2) / 2 + 1; }

double signed_row(int64_t ky, int64_t h) { return static_cast<double>(ky < (h + 1) / 2 ? ky : ky - h); }

// Where a frequency lies between two coefficients of an axis.
struct Between {
  int64_t lower, upper;
  double part;  // of the upper one
};

Between on_rows(double cycles_per_pixel, int64_t h) {
  const double at = cycles_per_pixel * static_cast<double>(h), lower = std::floor(at);
  const auto wrapped = [h](double row) { return (static_cast<int64_t>(row) % h + h) % h; };
  return {wrapped(lower), wrapped(lower + 1), at - lower};
}

Between on_columns(double cycles_per_pixel, int64_t columns) {
  const double at =
      std::min(cycles_per_pixel * static_cast<double>(2 * (columns - 1)), static_cast<double>(columns - 1));
  const auto lower = static_cast<int64_t>(std::floor(at));
  return {lower, std::min(lower + 1, columns - 1), at - std::floor(at)};
}

// The mean of the logarithms of the taps, without that of frequency 0; a magnitude of 0 is as small as a float can be.
double interpolated(const float* plane, int64_t columns, const Between& row, const Between& column) {
  double sum = 0, weights = 0;
  for (const auto& [ky, row_weight] : {std::pair{row.lower, 1 - row.part}, {row.upper, row.part}}) {
    for (const auto& [kx, column_weight] : {std::pair{column.lower, 1 - column.part}, {column.upper, column.part}}) {
      const double weight = row_weight * column_weight;
      if (weight <= 0 || (ky == 0 && kx == 0)) continue;
      sum += weight * std::log(std::max(static_cast<double>(plane[ky * columns + kx]), 1e-30));
      weights += weight;
    }
  }
  // Between frequency 0 and nothing else only where an axis has a single coefficient.
  return weights > 0 ? std::exp(sum / weights) : static_cast<double>(plane[0]);
}

void check_numbers(const std::string& path, const std::vector<float>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i]) || numbers[i] < 0)
      fail(path, "number {} of '{}' is {}; expected magnitudes, 0 or more", i, kTensor, numbers[i]);
  }
  if (std::all_of(numbers.begin(), numbers.end(), [](float number) { return number == 0; }))
    fail(path, "'{}' is 0 everywhere; expected magnitudes of which one is above 0", kTensor);
}

}  // namespace

Magnitude default_magnitude(int64_t c, int64_t h, int64_t w) {
  const int64_t columns = columns_of(w);
  Magnitude magnitude{c, h, columns, {}};
  const double lowest = 1 / static_cast<double>(std::max(h, w)), width = static_cast<double>(2 * (columns - 1));
  for (int64_t channel = 0; channel < c; ++channel) {
    for (int64_t ky = 0; ky < h; ++ky) {
      for (int64_t kx = 0; kx < columns; ++kx) {
        const double f = std::hypot(signed_row(ky, h) / static_cast<double>(h), static_cast<double>(kx) / width);
        const auto like = static_cast<size_t>(c == 3 ? channel : 0);
        magnitude.numbers.push_back(static_cast<float>(kShares[like] / std::pow(std::max(f, lowest), kFallsBy[like])));
      }
    }
  }
  return magnitude;
}

Magnitude read_magnitude(const std::string& path) {
  const Safetensors file = Safetensors::open(path);
  const std::vector<int64_t>& shape = file.entry(kTensor).shape;
  if (shape.size() != 3 || shape[0] < 1 || shape[1] < 1 || shape[1] > kMaxSide || shape[2] < 2 ||
      shape[2] > kMaxSide / 2 + 1) {
    fail(path, "'{}' has the shape [{}]; expected channels x rows x columns of half a spectrum, two columns or more",
         kTensor, fmt::join(shape, ", "));
  }
  Magnitude magnitude{shape[0], shape[1], shape[2], file.tensor(kTensor).data};
  check_numbers(path, magnitude.numbers);
  return magnitude;
}

Magnitude resized(const Magnitude& magnitude, int64_t h, int64_t w) {
  const int64_t columns = columns_of(w);
  if (h == magnitude.h && columns == magnitude.columns) return magnitude;
  Magnitude made{magnitude.c, h, columns, {}};
  const double width = static_cast<double>(2 * (columns - 1));
  const double pixels = static_cast<double>(h) * width,
               pixels_before = static_cast<double>(magnitude.h) * static_cast<double>(2 * (magnitude.columns - 1));
  for (int64_t channel = 0; channel < magnitude.c; ++channel) {
    const float* plane = magnitude.numbers.data() + channel * magnitude.h * magnitude.columns;
    for (int64_t ky = 0; ky < h; ++ky) {
      const Between row = on_rows(signed_row(ky, h) / static_cast<double>(h), magnitude.h);
      for (int64_t kx = 0; kx < columns; ++kx) {
        const Between column = on_columns(static_cast<double>(kx) / width, magnitude.columns);
        const double number = ky == 0 && kx == 0 ? static_cast<double>(plane[0]) * std::sqrt(pixels / pixels_before)
                                                 : interpolated(plane, magnitude.columns, row, column);
        made.numbers.push_back(static_cast<float>(number * std::sqrt(pixels / pixels_before)));
      }
    }
  }
  return made;
}

}  // namespace phosphene
