#include "layers/network/bias.h"

#include "runtime/error.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::bias_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

const Shape kShape{2, 19, 5, 3};  // a full chunk of channels, and a tail

OpHarness harness_of(const Tensor& src, const std::vector<double>& bias) {
  return {std::make_shared<Bias>(),
          {channels_last(src.shape, src.data), fixed(channels_last({1, std::ssize(bias), 1, 1}, bias))}};
}

// Integers are added exactly; what comes from above goes through as it is.
TEST(Bias, IsAddedToItsChannelExactly) {
  const Tensor src = integer_tensor(kShape, 1);
  const std::vector<double> bias = random_integers(kShape.c, 2), cotangent = random_integers(kShape.elements(), 3);
  OpHarness harness = harness_of(src, bias);
  Tensor expected = src;
  for (int64_t n = 0; n < kShape.n; ++n)
    for (int64_t c = 0; c < kShape.c; ++c)
      for (int64_t i = 0; i < kShape.h * kShape.w; ++i) expected.plane(n, c)[i] += bias[static_cast<size_t>(c)];
  EXPECT_TRUE(same_numbers(harness.forward(), expected.data));
  EXPECT_TRUE(same_numbers(harness.backward(cotangent)[0], cotangent));
}

// Linear: both hold to the rounding of sums, and of 1e-7 of outputs up to 4 over a step of 0.5.
TEST(Bias, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(random_tensor(kShape, 1), random_numbers(kShape.c, 2));
  EXPECT_TRUE(harness.adjoint_identity(1e-6));
  EXPECT_TRUE(harness.central_differences(2e-5, 0.5));
}

TEST(Bias, RefusesAnotherNumberOfChannels) { EXPECT_THROW(harness_of(random_tensor(kShape, 1), {1, 2}), Error); }

}  // namespace
}  // namespace phosphene::bias_test
