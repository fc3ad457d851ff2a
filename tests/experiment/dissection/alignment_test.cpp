#include "experiment/dissection/alignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/support/temporary_folder.h"

namespace phosphene::alignment_test {
namespace {

// The formulas of alignment.h in floating point, and a look at every pixel.
double naive_place(Alignment alignment, int64_t pixel, int64_t samples, int64_t pixels, const FieldAxis& field) {
  const auto i = static_cast<double>(pixel), s = static_cast<double>(samples), p = static_cast<double>(pixels);
  if (alignment == Alignment::half_pixel) return (i + 0.5) * s / p - 0.5;
  if (alignment == Alignment::align_corners) return pixels == 1 ? 0 : i * (s - 1) / (p - 1);
  const double centre = static_cast<double>(field.first) + (static_cast<double>(field.size) - 1) / 2;
  return (i - centre) / static_cast<double>(field.stride);
}

double naive_value(const std::vector<float>& map, int64_t h, int64_t w, double y, double x) {
  y = std::min(std::max(y, 0.0), static_cast<double>(h - 1));
  x = std::min(std::max(x, 0.0), static_cast<double>(w - 1));
  const auto low_y = std::min(static_cast<int64_t>(y), h - 1), low_x = std::min(static_cast<int64_t>(x), w - 1);
  const int64_t high_y = std::min(low_y + 1, h - 1), high_x = std::min(low_x + 1, w - 1);
  const double fy = y - static_cast<double>(low_y), fx = x - static_cast<double>(low_x);
  const auto at = [&](int64_t r, int64_t c) { return static_cast<double>(map[static_cast<size_t>(r * w + c)]); };
  return (1 - fy) * ((1 - fx) * at(low_y, low_x) + fx * at(low_y, high_x)) +
         fy * ((1 - fx) * at(high_y, low_x) + fx * at(high_y, high_x));
}

TEST(Alignment, PixelsAboveAreThoseOfANaiveLoop) {
  struct Case {
    int64_t samples, pixels;
    FieldAxis field;
  };
  const std::vector<Case> cases = {
      {15, 64, {-8, 23, 4}}, {7, 7, {0, 1, 1}}, {5, 20, {-3, 10, 4}}, {9, 4, {0, 3, 1}}, {3, 50, {10, 7, 2}}};
  std::mt19937 random(3);
  for (const Alignment alignment : {Alignment::receptive_field, Alignment::half_pixel, Alignment::align_corners}) {
    for (const Case& c : cases) {
      const AlignedAxis axis(alignment, c.samples, c.pixels, c.field);
      PixelsAbove above(axis, axis);
      std::vector<float> map(static_cast<size_t>(c.samples * c.samples));
      for (float& value : map) value = static_cast<float>(random() % 1000);
      std::vector<char> found(static_cast<size_t>(c.pixels * c.pixels), 0);
      // Not one of the whole numbers, and so a distance from every rounding: values are below 1000 and weights multiples of 1e-3 or so.
      const float threshold = 800.123F;
      for (const uint32_t pixel : above.find(map, threshold)) {
        EXPECT_EQ(found[pixel], 0) << "a pixel was found twice";
        found[pixel] = 1;
      }
      for (int64_t row = 0; row < c.pixels; ++row) {
        for (int64_t column = 0; column < c.pixels; ++column) {
          const double y = naive_place(alignment, row, c.samples, c.pixels, c.field);
          const double x = naive_place(alignment, column, c.samples, c.pixels, c.field);
          const double value = naive_value(map, c.samples, c.samples, y, x);
          // Places round by 2^-53 of some tens, values by as much of 1000: 1e-11 is a hundred times that.
          EXPECT_NEAR(above.value(map, row, column), value, 1e-11);
          EXPECT_EQ(found[static_cast<size_t>(row * c.pixels + column)] != 0, value > static_cast<double>(threshold));
        }
      }
    }
  }
}

TEST(Alignment, APixelOnASampleHasItsNumberToTheBit) {
  // Centres at 3, 7, 11 ...: SqueezeNet's features.4.
  const FieldAxis field{-4, 15, 4};
  const AlignedAxis axis(Alignment::receptive_field, 15, 64, field);
  for (int64_t sample = 0; sample < 15; ++sample) {
    EXPECT_EQ(axis.at(4 * sample + 3).low, sample);
    EXPECT_EQ(axis.at(4 * sample + 3).weight, 0);
  }
  const AlignedAxis corners(Alignment::align_corners, 15, 43, {});
  for (int64_t sample = 0; sample < 15; ++sample) {
    EXPECT_EQ(corners.at(3 * sample).low, sample);
    EXPECT_EQ(corners.at(3 * sample).weight, 0);
  }
}

// Equal is not above: not on samples, and not between two of them, where (1 - w) t + w t may round up.
TEST(Alignment, WhatEqualsTheThresholdIsNotAbove) {
  const AlignedAxis axis(Alignment::half_pixel, 7, 56, {});
  PixelsAbove above(axis, axis);
  const float threshold = 0.1F;
  std::vector<float> map(49, threshold);
  EXPECT_TRUE(above.find(map, threshold).empty());
  map[24] = std::nextafter(threshold, 1.0F);
  EXPECT_FALSE(above.find(map, threshold).empty());
}

TEST(Alignment, RefusesALayerWhosePositionsSeeTheSame) {
  EXPECT_TRUE(testing::refuses(
      [] {
        AlignedAxis(Alignment::receptive_field, 3, 9, {0, 9, 0});
      },
      {"--align", "half_pixel"}));
  EXPECT_TRUE(testing::refuses([] { alignment_named("half-pixel"); }, {"did you mean 'half_pixel'"}));
}

}  // namespace
}  // namespace phosphene::alignment_test
