#include "experiment/pages/power_spectrum.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>

#include "experiment/pages/fourier_transform.h"
#include "experiment/pages/spectrum_chart.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace phosphene::testing::power_spectrum_test {
namespace {

std::vector<float> noise(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> numbers(static_cast<size_t>(count));
  for (float& number : numbers) number = static_cast<float>(generator() >> 8) * 0x1p-24F;
  return numbers;
}

// The transform of the window times the plane, by the double sum of its definition.
std::vector<double> naive_power(const std::vector<float>& plane, int64_t h, int64_t w) {
  const auto window = [](int64_t i, int64_t n) {
    return std::pow(std::sin(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n)), 2);
  };
  double mean = 0, energy = 0;
  for (const float value : plane) mean += static_cast<double>(value) / static_cast<double>(plane.size());
  std::vector<double> power;
  for (int64_t ky = 0; ky < h; ++ky) {
    for (int64_t kx = 0; kx < w; ++kx) {
      std::complex<double> sum = 0;
      for (int64_t y = 0; y < h; ++y) {
        for (int64_t x = 0; x < w; ++x) {
          const double turns = static_cast<double>(ky * y) / static_cast<double>(h) +
                               static_cast<double>(kx * x) / static_cast<double>(w);
          const double value = static_cast<double>(plane[static_cast<size_t>(y * w + x)]) - mean;
          sum += window(y, h) * window(x, w) * value * std::polar(1.0, -2 * std::numbers::pi * turns);
        }
      }
      power.push_back(std::norm(sum));
    }
  }
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) energy += std::pow(window(y, h) * window(x, w), 2);
  for (double& value : power) value /= energy;
  return power;
}

// Every radix, lengths that only a convolution with a chirp can take (17, 19, 37, 2 * 17), odd and even halves, single lines.
TEST(PowerSpectrum, IsThatOfTheDefinition) {
  const std::vector<std::pair<int64_t, int64_t>> sizes = {{12, 7}, {1, 1},   {1, 2},   {2, 1},   {1, 19},  {37, 1},
                                                          {3, 5},  {33, 26}, {34, 17}, {37, 22}, {16, 49}, {50, 31}};
  for (const auto& [h, w] : sizes) {
    SCOPED_TRACE(fmt::format("{} x {}", h, w));
    const std::vector<float> plane = noise(h * w, 1);
    const std::vector<double> expected = naive_power(plane, h, w);
    // The naive sums' angles reach 2 pi (h + w) < 550, where doubles are 2^-44 = 6e-14 apart: half of that for each of their terms,
    // twice that for a square, and room for the sums of both, which are off by some 1e-15 sqrt(h w).
    if (h * w > 1)
      EXPECT_TRUE(near_largest(windowed_power(plane, h, w), expected, 2e-13));
    else
      EXPECT_EQ(windowed_power(plane, h, w), expected);
  }
}

// Parseval's theorem, of a size whose naive sum would take minutes: the mean of |F|^2 is the sum of the squares.
TEST(PowerSpectrum, OfALargeFieldOfAnySizeKeepsItsEnergy) {
  for (const auto& [h, w] : std::vector<std::pair<int64_t, int64_t>>{{700, 900}, {1021, 1031}, {1, 99991}}) {
    SCOPED_TRACE(fmt::format("{} x {}", h, w));
    const std::vector<float> noisy = noise(h * w, 6);
    const std::vector<double> plane(noisy.begin(), noisy.end());
    double squares = 0, power = 0;
    for (const double value : plane) squares += value * value;
    for (const double value : squared_magnitudes(plane, h, w)) power += value / static_cast<double>(h * w);
    // Sums of a million doubles of one sign, each off by at most 2^-53 of what it has summed: 1e6 / 2^53 = 1.2e-10.
    EXPECT_NEAR(power, squares, 1.2e-10 * squares);
  }
}

TEST(PowerSpectrum, OfNoiseIsEven) {
  constexpr int64_t kSide = 128;
  const PowerSpectrum spectrum = power_spectrum_of_plane(noise(kSide * kSide, 2), kSide, kSide);
  ASSERT_EQ(spectrum.frequency.size(), 64U);
  EXPECT_EQ(spectrum.frequency.back(), 0.5);
  // A frequency's power spreads by as much as its mean. The window joins about 2.25 x 2.25 neighbours, so that the share, over
  // 16384 frequencies of which 1 - pi / 16 lie outside the circle, spreads by sqrt(.8 * .2 * 5 / 16384) = .007: four of those.
  EXPECT_NEAR(spectrum.high_frequency_share, 1 - std::numbers::pi / 16, 0.028);
  // A ring of n frequencies spreads by sqrt(5 / n) in its logarithm, n = 2 pi 4 at the least and 2 pi 58 at the most; a line
  // through logarithms of frequency, whose own spread is .65, over 54 of them: at most .45 / (.65 sqrt(54)) = .09, four times.
  EXPECT_NEAR(spectrum.slope, 0, 0.36);
  double mean = 0;
  for (const double power : spectrum.power) mean += power / 64;
  EXPECT_NEAR(mean, 1.0 / 12, 0.01)
      << "the variance of numbers between 0 and 1; the spread is that of the share, of 1 / 12";
}

// Waves of 1 / f^p in amplitude, of random phase, one for each frequency of a quarter of the plane.
std::vector<float> falling_off(int64_t side, double p) {
  std::vector<double> sum(static_cast<size_t>(side * side), 0);
  const std::vector<float> phases = noise(4 * side * side, 3);
  size_t drawn = 0;
  for (int64_t ky = -side / 2 + 1; ky < side / 2; ++ky) {
    for (int64_t kx = 0; kx < side / 2; ++kx) {
      const double f = std::hypot(ky, kx);
      if (f == 0) continue;
      const double phase = 2 * std::numbers::pi * static_cast<double>(phases[drawn++]);
      for (int64_t y = 0; y < side; ++y) {
        const double row = phase + 2 * std::numbers::pi * static_cast<double>(ky * y) / static_cast<double>(side);
        for (int64_t x = 0; x < side; ++x) {
          const double turn = 2 * std::numbers::pi * static_cast<double>(kx * x) / static_cast<double>(side);
          sum[static_cast<size_t>(y * side + x)] += std::pow(f, -p) * std::cos(row + turn);
        }
      }
    }
  }
  return {sum.begin(), sum.end()};
}

TEST(PowerSpectrum, TellsThePowerOfFrequencies) {
  constexpr int64_t kSide = 48;
  for (const double p : {0.5, 1.0, 1.5}) {
    const PowerSpectrum spectrum = power_spectrum_of_plane(falling_off(kSide, p), kSide, kSide);
    // The rings' power spreads as that of noise: sqrt(5 / n), n from 25 to 130, in 18 rings whose logarithms spread by .46:
    // .25 / (.46 sqrt(18)) = .13 at most, and the window carries some of the steep end's power along. Three times.
    EXPECT_NEAR(spectrum.slope, -2 * p, 0.4);
  }
}

TEST(PowerSpectrum, OfAWaveIsInItsRing) {
  constexpr int64_t kHeight = 64, kWidth = 96;
  std::vector<float> plane;
  for (int64_t y = 0; y < kHeight; ++y)
    for (int64_t x = 0; x < kWidth; ++x)
      plane.push_back(
          static_cast<float>(0.5 + 0.25 * std::sin(2 * std::numbers::pi * static_cast<double>(y) * 20 / 64)));
  const PowerSpectrum spectrum = power_spectrum_of_plane(plane, kHeight, kWidth);
  const auto largest = std::max_element(spectrum.power.begin(), spectrum.power.end()) - spectrum.power.begin();
  EXPECT_EQ(spectrum.frequency[static_cast<size_t>(largest)], 20.0 / 64);
  EXPECT_NEAR(spectrum.high_frequency_share, 1, 1e-6);  // the window moves it by one cycle: 19 / 64 is above .25 too
}

TEST(PowerSpectrum, OfNothingHasNoSlope) {
  const PowerSpectrum flat = power_spectrum_of_plane(std::vector<float>(400, 0.25F), 20, 20);
  EXPECT_FALSE(std::isfinite(flat.slope));
  EXPECT_EQ(flat.high_frequency_share, 0);
  EXPECT_EQ(spectrum_chart({{"flat", flat}}), "");
  EXPECT_FALSE(std::isfinite(power_spectrum_of_plane(std::vector<float>{1}, 1, 1).slope));
}

TEST(PowerSpectrum, SeesCheckerboards) {
  constexpr int64_t kSide = 56;
  std::vector<float> plane = noise(kSide * kSide, 4);
  const CheckerboardShare without = checkerboard_share(plane, kSide, kSide);
  for (size_t i = 0; i < plane.size(); ++i) plane[i] += static_cast<float>((i % kSide + i / kSide) % 2);
  const CheckerboardShare with = checkerboard_share(plane, kSide, kSide);
  EXPECT_NEAR(without.share, without.even, 3 * without.even);
  // 0 and 1 in turn have a variance of 1 / 4, all of it at (1/2, 1/2), beside the noise's 1 / 12.
  EXPECT_NEAR(with.share, 0.75, 0.03);
  EXPECT_EQ(with.even, without.even);
}

// Measured elsewhere, on other crops of the same photographs: a slope of -2.54, whose spread over them is .50, and a share of .051.
TEST(PowerSpectrum, OfPhotographsFallsLikeTheirs) {
  PHOSPHENE_ASSET(folder, "photos");
  constexpr int64_t kSide = 160;
  double slope = 0, share = 0, count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Photo photo = read_photo(entry.path().string());
    const HostTensor crop = resize_middle(photo, photo.height, photo.width, kSide, kSide);
    const PowerSpectrum spectrum = power_spectrum(crop.data, 3, kSide, kSide);
    slope += spectrum.slope;
    share += spectrum.high_frequency_share;
    count += 1;
  }
  RecordProperty("slope", std::to_string(slope / count));
  RecordProperty("share", std::to_string(share / count));
  EXPECT_EQ(count, 35);
  EXPECT_NEAR(slope / count, -2.54, 3 * 0.5 / std::sqrt(35.0)) << "three times the spread of a mean of 35";
  EXPECT_NEAR(share / count, 0.051, 3 * 0.09 / std::sqrt(35.0)) << "the share's spread over them is .09";
}

TEST(SpectrumChart, NamesItsCurvesSafely) {
  const PowerSpectrum spectrum = power_spectrum_of_plane(noise(32 * 32, 5), 32, 32);
  const std::string svg = spectrum_chart({{"a < b & c", spectrum}, {"other", spectrum}});
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_EQ(svg.find("a < b"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace phosphene::testing::power_spectrum_test
