#include "layers/network/leaky_relu.h"

#include <limits>

#include "runtime/error.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::leaky_relu_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(Tensor src, float slope) {
  return {std::make_shared<LeakyRelu>(slope),
          {std::move(src)},
          [slope](const auto& s) { return reference::leaky_relu(s[0], slope); },
          [slope](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::leaky_relu_backward(grad_dst, s[0], slope)};
          }};
}

// Longer than a row of the launch, with a rest; integers hold many zeros, where the slope counts. Slopes that are powers of two, or
// 0, multiply exactly.
TEST(LeakyRelu, EqualsNaiveLoopsExactly) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{2, 17, 19, 16}}) {
    for (const float slope : {0.25F, 0.F, 1.F}) {
      expect_naive(naive(integer_tensor(shape, 1), slope), 0);
      expect_naive(naive(distinct_tensor(shape, 2), slope), 0);
    }
  }
}

// Other slopes round each product once.
TEST(LeakyRelu, RoundsOnce) { expect_naive(naive(random_tensor({2, 17, 19, 16}, 3), 0.2F), 0x1p-24); }

// No source lies within 1/32 of the kink, so steps of at most 1/64 stay on one side and the op is linear there. The products
// of a difference of outputs up to 32 round by 32 eps over a step of 1/32, 6e-5, of gradients up to 2.
TEST(LeakyRelu, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(naive(distinct_tensor({2, 5, 7, 3}, 3), 0.2F));
  EXPECT_TRUE(harness.adjoint_identity(1e-5, 0x1p-6));
  EXPECT_TRUE(harness.central_differences(6e-5, 0x1p-6));
}

TEST(LeakyRelu, DoesNotDependOnThreadsOrBatch) {
  expect_same_bits_for_threads_and_batches(naive(random_tensor({3, 17, 19, 16}, 4), 0.2F));
}

TEST(LeakyRelu, RefusesASlopeThatHidesTheSign) {
  EXPECT_THROW(LeakyRelu(-0.1F), Error);
  EXPECT_THROW(LeakyRelu(std::numeric_limits<float>::quiet_NaN()), Error);
}

}  // namespace
}  // namespace phosphene::leaky_relu_test
