#include "layers/transform/noise.h"

#include <cmath>

#include "layers/transform/transform_list.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"

namespace phosphene::noise_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

OpHarness harness_of(const Shape& shape, std::vector<float> deviation, const std::vector<double>& src, int64_t step = 3,
                     std::vector<DrawKey> keys = {{5, 0}, {5, 1}}, int threads = 2) {
  keys.resize(static_cast<size_t>(shape.n));
  return {
      std::make_shared<Noise>(std::move(deviation)),
      {channels_last(shape, src), table(draw_keys(shape.n), keys), table(step_number(), std::vector<int64_t>{step})},
      threads};
}

// 2 x 40 x 50 numbers of a channel: five standard errors of their mean and mean square.
TEST(Noise, HasEachChannelsDeviation) {
  const Shape shape{2, 5, 40, 50};
  const std::vector<float> deviation = {1, 0.25F, 0, 8, 2};
  const std::vector<double> noise =
      harness_of(shape, deviation, std::vector<double>(static_cast<size_t>(shape.elements()))).forward();
  for (int64_t c = 0; c < 5; ++c) {
    double sum = 0, squares = 0;
    for (int64_t n = 0; n < 2; ++n) {
      for (int64_t i = 0; i < 2000; ++i) {
        const double number = noise[static_cast<size_t>((n * 5 + c) * 2000 + i)];
        sum += number;
        squares += number * number;
      }
    }
    const double sd = static_cast<double>(deviation[static_cast<size_t>(c)]);
    EXPECT_LE(std::abs(sum / 4000), 5 * sd / std::sqrt(4000)) << c;
    EXPECT_LE(std::abs(squares / 4000 - sd * sd), 5 * sd * sd * std::sqrt(2.0 / 4000)) << c;
  }
}

TEST(Noise, IsAddedAndItsGradientPasses) {
  const Shape shape{1, 3, 4, 6};
  const std::vector<double> zeros(72), src = random_numbers(72, 1), g = random_numbers(72, 2);
  const std::vector<float> deviation = {0.5F, 1, 2};
  const std::vector<double> noise = harness_of(shape, deviation, zeros).forward();
  std::vector<double> sum;
  for (size_t i = 0; i < 72; ++i) sum.push_back(src[i] + noise[i]);
  OpHarness harness = harness_of(shape, deviation, src);
  EXPECT_TRUE(near_largest(harness.forward(), sum, 2 * 0x1p-24));  // each side is rounded once
  EXPECT_EQ(harness.backward(g)[0], g);
  EXPECT_TRUE(harness.adjoint_identity(1e-6));
}

TEST(Noise, IsAnotherAtEachStepOfEachImageAlone) {
  const Shape two{2, 3, 7, 9}, one{1, 3, 7, 9};
  const std::vector<float> deviation = {1, 1, 1};
  const std::vector<double> zeros(378), half(189);
  const std::vector<double> both = harness_of(two, deviation, zeros).forward();
  const std::vector<double> first(both.begin(), both.begin() + 189), second(both.begin() + 189, both.end());
  EXPECT_NE(first, second);
  EXPECT_EQ(harness_of(one, deviation, half, 3, {{5, 1}}, 1).forward(), second);
  EXPECT_NE(harness_of(one, deviation, half, 4, {{5, 1}}).forward(), second);
  EXPECT_NE(harness_of(one, deviation, half, 3, {{6, 1}}).forward(), second);
}

}  // namespace
}  // namespace phosphene::noise_test
