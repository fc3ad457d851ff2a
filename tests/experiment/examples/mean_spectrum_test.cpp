#include "experiment/examples/mean_spectrum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "experiment/image/magnitude.h"
#include "experiment/photos/photo_file.h"
#include "layers/image/colour.h"
#include "loaders/safetensors.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::mean_spectrum_test {
namespace {

constexpr int64_t kSize = 12;

Photo photo_of(int64_t h, int64_t w, unsigned seed) {
  Photo photo{h, w, {}};
  for (const double byte : random_integers(h * w * 3, seed, 20, 230)) photo.rgb.push_back(static_cast<uint8_t>(byte));
  return photo;
}

// The definition: a sum over all pixels for each frequency.
void add_naive(const Photo& photo, std::vector<double>& sums) {
  std::vector<float> planar(3 * kSize * kSize);
  for (size_t i = 0; i < kSize * kSize; ++i)
    for (size_t c = 0; c < 3; ++c) planar[c * kSize * kSize + i] = static_cast<float>(photo.rgb[3 * i + c]) / 255.F;
  const std::vector<float> before = before_colour({1, 3, kSize, kSize}, planar, true, false);
  const auto window = [](int64_t i) {
    return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / kSize);
  };
  double energy = 0;
  for (int64_t i = 0; i < kSize * kSize; ++i) energy += std::pow(window(i / kSize) * window(i % kSize), 2);
  for (int64_t c = 0; c < 3; ++c) {
    const float* plane = before.data() + c * kSize * kSize;
    double mean = 0;
    for (int64_t i = 0; i < kSize * kSize; ++i) mean += static_cast<double>(plane[i]) / (kSize * kSize);
    for (int64_t k = 0; k < kSize * (kSize / 2 + 1); ++k) {
      const int64_t ky = k / (kSize / 2 + 1), kx = k % (kSize / 2 + 1);
      std::complex<double> sum = 0;
      for (int64_t i = 0; i < kSize * kSize; ++i) {
        const double turns = static_cast<double>(ky * (i / kSize) + kx * (i % kSize)) / kSize;
        sum += window(i / kSize) * window(i % kSize) * (static_cast<double>(plane[i]) - mean) *
               std::polar(1.0, -2 * std::numbers::pi * turns);
      }
      sums[static_cast<size_t>(c * kSize * (kSize / 2 + 1) + k)] +=
          k == 0 ? std::abs(mean) * kSize * kSize : std::abs(sum) * kSize / std::sqrt(energy);
    }
  }
}

// Double precision throughout; the result is rounded to float once, of the largest.
TEST(MeanSpectrum, IsTheMeanOfItsDefinition) {
  const TemporaryFolder folder;
  std::vector<double> sums(3 * kSize * (kSize / 2 + 1));
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const Photo photo = photo_of(kSize, kSize, seed);
    write_png(folder.file(std::to_string(seed) + ".png"), photo);
    add_naive(photo, sums);
  }
  for (double& sum : sums) sum /= 3;
  int64_t told = 0;
  const MeanSpectrum spectrum =
      mean_spectrum(folder.path().string(), kSize, [&](int64_t read, int64_t all) { told += read == all ? 1 : 0; });
  EXPECT_EQ(told, 1);
  EXPECT_EQ(spectrum.photographs, 3);
  EXPECT_TRUE(near_largest(spectrum.magnitude, sums, 2 * 0x1p-24));
  const std::string path = folder.file("m.safetensors");
  write_mean_spectrum(path, spectrum);
  EXPECT_EQ(read_magnitude(path), (Magnitude{3, kSize, kSize / 2 + 1, spectrum.magnitude}));
  EXPECT_EQ(Safetensors::open(path).metadata().at("photographs"), "3");
}

TEST(MeanSpectrum, CountsWhatItSkips) {
  const TemporaryFolder folder;
  write_png(folder.file("good.png"), photo_of(20, 30, 1));
  write_png(folder.file("small.png"), photo_of(20, kSize - 1, 2));
  (void)folder.write("broken.jpg", "no picture");
  const MeanSpectrum spectrum = mean_spectrum(folder.path().string(), kSize);
  EXPECT_EQ(spectrum.photographs, 1);
  EXPECT_EQ(spectrum.skipped.size(), 2U);
  EXPECT_EQ(spectrum.skipped.at("smaller than the size"), 1);
}

TEST(MeanSpectrum, RefusesWhatHasNone) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_TRUE(refuses([&] { (void)mean_spectrum(path, kSize); }, {path, "contains no photograph"}));
  EXPECT_TRUE(refuses([&] { (void)mean_spectrum(path, 13); }, {"size", "even", "13"}));
  EXPECT_TRUE(refuses([&] { (void)mean_spectrum(path + "/none", kSize); }, {"none"}));
  write_png(folder.file("small.png"), photo_of(4, 4, 2));
  EXPECT_TRUE(refuses([&] { (void)mean_spectrum(path, kSize); },
                      {path, "none of its photographs", "smaller than the size: 1"}));
}

}  // namespace
}  // namespace phosphene::testing::mean_spectrum_test
