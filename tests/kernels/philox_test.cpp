// The random generator against its authors' published vectors, and what is drawn from it.
#include "kernels/philox.h"

#include <cmath>
#include <set>

#include "layers/image/fourier_image.h"
#include "layers/image/normal_draws.h"
#include "layers/image/pixel_image.h"
#include "tests/support/compare.h"

namespace phosphene::philox_test {
namespace {

using testing::same_bits;

void expect_words(const Philox4x32& words, const std::array<uint32_t, 4>& expected) {
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(words.word[i], expected[i]) << "word " << i;
}

// The three vectors of Random123's kat_vectors for philox4x32, 10 rounds.
TEST(Philox, EqualsThePublishedVectors) {
  expect_words(philox4x32(0, 0, 0, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  expect_words(philox4x32(~0U, ~0U, ~0U, ~0U, ~uint64_t{0}), {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_words(philox4x32(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0x299f31d0a4093822),
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST(Philox, UniformNumbersLieInTheUnitInterval) {
  EXPECT_EQ(uniform(0), 0.F);
  EXPECT_EQ(uniform(0x80000000U), 0.5F);
  EXPECT_EQ(uniform(0xFFFFFFFFU), 1.F - 0x1p-24F);
}

// Every coordinate of a draw matters: changing one changes the block.
TEST(Philox, EveryPartOfTheKeyChangesTheDraw) {
  const std::vector<Philox4x32> draws = {draw({7, 2}, 3, DrawPurpose::transform, 4),
                                         draw({8, 2}, 3, DrawPurpose::transform, 4),
                                         draw({7 + (uint64_t{1} << 32), 2}, 3, DrawPurpose::transform, 4),
                                         draw({7, 2 + (uint64_t{1} << 32)}, 3, DrawPurpose::transform, 4),
                                         draw({7, 3}, 3, DrawPurpose::transform, 4),
                                         draw({7, 2}, 4, DrawPurpose::transform, 4),
                                         draw({7, 2}, 3, DrawPurpose::initial_pixels, 4),
                                         draw({7, 2}, 3, DrawPurpose::transform, 5)};
  std::set<std::array<uint32_t, 4>> different;
  for (const Philox4x32& d : draws) different.insert({d.word[0], d.word[1], d.word[2], d.word[3]});
  EXPECT_EQ(different.size(), draws.size());
}

// n independent numbers: the mean lies within 5 sd / sqrt(n) of 0, the mean square within 5 sqrt(2 / n) of sd^2 and the mean fourth
// power within 5 sqrt(96 / n) of 3 sd^4, each but once in two million; draws are fixed, so this cannot fail by chance later.
TEST(NormalDraws, HaveTheMomentsOfANormalDistribution) {
  constexpr size_t kCount = 200001;  // no multiple of a block of four
  constexpr double kSd = 0.25;
  std::vector<float> numbers(kCount, NAN);
  draw_normal({1, 3}, DrawPurpose::initial_pixels, kSd, numbers);
  double mean = 0, square = 0, fourth = 0;
  for (const float number : numbers) {
    const double z = number / kSd;
    mean += z / kCount;
    square += z * z / kCount;
    fourth += z * z * z * z / kCount;
  }
  EXPECT_LE(std::abs(mean), 5 / std::sqrt(kCount));
  EXPECT_LE(std::abs(square - 1), 5 * std::sqrt(2.0 / kCount));
  EXPECT_LE(std::abs(fourth - 3), 5 * std::sqrt(96.0 / kCount));
}

TEST(NormalDraws, AreAFunctionOfKeyPurposeAndIndexAlone) {
  std::vector<float> ten(10), thousand(1000);
  draw_normal({5, 1}, DrawPurpose::initial_spectrum, 1, ten);
  draw_normal({5, 1}, DrawPurpose::initial_spectrum, 1, thousand);
  EXPECT_TRUE(same_bits(ten, {thousand.begin(), thousand.begin() + 10}));

  const FourierParameterization image{.n = 2, .c = 3, .h = 6, .w = 5};
  const std::vector<DrawKey> both = {{5, 0}, {5, 1}}, second = {{5, 1}}, other_seed = {{6, 1}};
  const std::vector<float> of_both = initial_spectrum(image, both, 0.01);
  const std::vector<float> of_second = initial_spectrum(image, second, 0.01);
  ASSERT_EQ(static_cast<int64_t>(of_both.size()), image.spectrum().shape.elements());
  EXPECT_TRUE(same_bits({of_both.begin() + static_cast<ptrdiff_t>(of_second.size()), of_both.end()}, of_second));
  EXPECT_FALSE(same_bits(initial_spectrum(image, other_seed, 0.01), of_second));
  const std::vector<float> of_pixels = initial_pixels({2, 3, 6, 5}, both, 0.01);
  EXPECT_EQ(of_pixels.size(), 2U * 3 * 6 * 5);
  EXPECT_NE(of_pixels[0], of_both[0]);
}

}  // namespace
}  // namespace phosphene::philox_test
