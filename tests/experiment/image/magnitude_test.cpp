#include "experiment/image/magnitude.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "loaders/safetensors.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::magnitude_test {
namespace {

double at(const Magnitude& magnitude, int64_t c, int64_t ky, int64_t kx) {
  return static_cast<double>(magnitude.numbers[static_cast<size_t>((c * magnitude.h + ky) * magnitude.columns + kx)]);
}

std::string written(const TemporaryFolder& folder, const std::vector<int64_t>& shape, std::vector<float> numbers,
                    const std::string& tensor = "magnitude") {
  const std::string path = folder.file("m.safetensors");
  write_safetensors(path, {NamedTensor(tensor, shape, numbers)});
  return path;
}

TEST(MagnitudeFormula, IsAPowerOfTheFrequency) {
  for (const auto& [h, w] : {std::pair<int64_t, int64_t>{64, 48}, {9, 15}}) {
    const Magnitude magnitude = default_magnitude(3, h, w);
    const int64_t columns = (w + w % 2) / 2 + 1;
    ASSERT_EQ(std::ssize(magnitude.numbers), 3 * h * columns);
    for (int64_t c = 0; c < 3; ++c) {
      EXPECT_EQ(at(magnitude, c, 0, 0), h > w ? at(magnitude, c, 1, 0) : at(magnitude, c, 0, 0))
          << "no more than the lowest";
      EXPECT_TRUE(std::isfinite(at(magnitude, c, 0, 0)));
      EXPECT_EQ(at(magnitude, c, 2, 1), at(magnitude, c, h - 2, 1)) << "rows wrap around";
      const double octave = at(magnitude, c, 2, 0) / at(magnitude, c, 4, 0);
      EXPECT_NEAR(std::log2(octave), c == 0 ? 1.29 : c == 1 ? 1.45 : 1.37, 1e-5);
    }
  }
  const Magnitude gray = default_magnitude(1, 8, 8), colours = default_magnitude(3, 8, 8);
  EXPECT_TRUE(std::equal(gray.numbers.begin(), gray.numbers.end(), colours.numbers.begin()));
}

TEST(MagnitudeFile, IsReadAsItIs) {
  const TemporaryFolder folder;
  const Magnitude read = read_magnitude(written(folder, {1, 2, 2}, {1, 0, 0.5F, 3}));
  EXPECT_EQ(read, (Magnitude{1, 2, 2, {1, 0, 0.5F, 3}}));
  EXPECT_EQ(resized(read, 2, 2), read);
}

TEST(MagnitudeFile, IsRefusedInOneLine) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::vector<int64_t>& shape, const std::vector<float>& numbers,
                           const std::vector<std::string>& words) {
    const std::string path = written(folder, shape, numbers);
    std::vector<std::string> all = words;
    all.push_back(path);
    return refuses([&] { (void)read_magnitude(path); }, all);
  };
  EXPECT_TRUE(refused({2, 2}, {1, 1, 1, 1}, {"[2, 2]", "channels x rows x columns"}));
  EXPECT_TRUE(refused({2, 2, 1}, {1, 1, 1, 1}, {"[2, 2, 1]", "two columns or more"}));
  EXPECT_TRUE(refused({1, 2, 2}, {1, 1, -1, 1}, {"number 2", "-1", "0 or more"}));
  EXPECT_TRUE(refused({1, 2, 2}, {1, std::numeric_limits<float>::quiet_NaN(), 1, 1}, {"number 1", "0 or more"}));
  EXPECT_TRUE(refused({1, 2, 2}, {0, 0, 0, 0}, {"0 everywhere"}));
  const std::string other = written(folder, {1, 2, 2}, {1, 1, 1, 1}, "magnitudes");
  EXPECT_TRUE(refuses([&] { (void)read_magnitude(other); }, {"magnitude"}));
}

// Between neighbours the logarithm of a power is interpolated along straight lines, which at six times the lowest frequency and above is off by
// less than (1.45 / 6^2) / 8 of itself along each axis; the size's factor is exact.
TEST(MagnitudeAtAnotherSize, KeepsAPowerOfTheFrequency) {
  const Magnitude photographs = default_magnitude(3, 64, 64);
  for (const auto& [h, w] : {std::pair<int64_t, int64_t>{128, 128}, {96, 80}, {32, 48}, {33, 31}}) {
    const Magnitude made = resized(photographs, h, w), wanted = default_magnitude(3, h, w);
    ASSERT_EQ(made.numbers.size(), wanted.numbers.size());
    const double width = static_cast<double>(w + w % 2), factor = std::sqrt(static_cast<double>(h) * width) / 64;
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t ky = 0; ky < h; ++ky) {
        for (int64_t kx = 0; kx < made.columns; ++kx) {
          const double fy = static_cast<double>(std::min(ky, h - ky)) / static_cast<double>(h),
                       fx = static_cast<double>(kx) / width;
          if (std::hypot(fy, fx) < 6.0 / 64) continue;
          EXPECT_NEAR(at(made, c, ky, kx) / factor / at(wanted, c, ky, kx), 1, 0.02)
              << h << " " << w << " " << ky << " " << kx;
        }
      }
    }
  }
}

// Frequency 0 is many times its neighbours, and none of it may reach them.
TEST(MagnitudeAtAnotherSize, KeepsTheMeanApart) {
  Magnitude one = default_magnitude(1, 16, 16);
  const Magnitude before = resized(one, 64, 64);
  one.numbers[0] *= 1000;
  const Magnitude after = resized(one, 64, 64);
  EXPECT_TRUE(std::equal(before.numbers.begin() + 1, before.numbers.end(), after.numbers.begin() + 1));
  EXPECT_NEAR(at(after, 0, 0, 0), 1000.0 * at(default_magnitude(1, 16, 16), 0, 0, 0) * 16, at(after, 0, 0, 0) * 1e-6)
      << "as many pixels more";
}

}  // namespace
}  // namespace phosphene::testing::magnitude_test
