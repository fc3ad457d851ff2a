#include "layers/network/softmax.h"

#include "tests/layers/network/linear_formula.h"

namespace phosphene::softmax_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(Tensor src) {
  return {std::make_shared<Softmax>(),
          {std::move(src)},
          [](const auto& s) { return reference::softmax(s[0]); },
          [](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::softmax_backward(grad_dst, s[0])};
          }};
}

// Two units in the last place of e^x twice, the sum's and the division's rounding, and the cancellation in grad_dst - dot.
constexpr double kTolerance = 1e-6;

TEST(Softmax, EqualsNaiveLoops) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{3, 5, 1, 1}, Shape{2, 33, 2, 3}, Shape{2, 1000, 1, 1}}) {
    SCOPED_TRACE(to_string(shape));
    expect_naive(naive(random_tensor(shape, 1)), kTolerance);
  }
}

TEST(Softmax, DoesNotOverflow) {
  expect_naive(naive({{2, 4, 1, 1}, {1000, 999, -1000, 998.5, -5000, -5001, -5000.5, -5002}}), kTolerance);
}

// Rounding 1e-7 / 2^-6, curvature 2^-12 / 6 times a third derivative below 1, both against a gradient of about 0.1.
TEST(Softmax, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(naive(random_tensor({3, 7, 2, 1}, 2)));
  EXPECT_TRUE(harness.adjoint_identity(5e-4, 0x1p-6));
  EXPECT_TRUE(harness.central_differences(5e-4, 0x1p-6));
}

TEST(Softmax, EqualsTheGoldenTable) {
  const auto cases = golden_layers("softmax");
  ASSERT_EQ(cases.size(), 2U);
  for (const nlohmann::json& golden : cases) expect_golden(std::make_shared<Softmax>(), golden, {"input"}, kTolerance);
}

TEST(Softmax, OfMapsIsOverTheChannelsOfEachPosition) {
  const auto cases = golden_rearrangements("softmax");
  ASSERT_EQ(cases.size(), 1U);
  expect_rearrangement(std::make_shared<Softmax>(), cases[0], kTolerance);
}

TEST(Softmax, DoesNotDependOnThreadsOrBatch) {
  expect_same_bits_for_threads_and_batches(naive(random_tensor({3, 1000, 1, 1}, 3)));
}

}  // namespace
}  // namespace phosphene::softmax_test
