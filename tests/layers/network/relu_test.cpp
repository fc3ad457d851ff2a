#include "layers/network/relu.h"

#include "tests/layers/network/oracles.h"

namespace phosphene {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(Tensor src) {
  return {std::make_shared<Relu>(),
          {std::move(src)},
          [](const auto& s) { return reference::relu(s[0]); },
          [](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::relu_backward(grad_dst, s[0])};
          }};
}

// Longer than a row of the launch, with a rest; integers hold many zeros, where the gradient is 0.
TEST(Relu, EqualsNaiveLoopsExactly) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{2, 17, 19, 16}}) {
    expect_naive(naive(integer_tensor(shape, 1)), 0);
    expect_naive(naive(distinct_tensor(shape, 2)), 0);
  }
}

// No source lies within 1/32 of the kink, so steps of at most 1/64 stay on one side and the op is linear there.
TEST(Relu, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(naive(distinct_tensor({2, 5, 7, 3}, 3)));
  EXPECT_TRUE(harness.adjoint_identity(1e-6, 0x1p-6));
  EXPECT_TRUE(harness.central_differences(1e-6, 0x1p-6));
}

TEST(Relu, EqualsTheGoldenTable) {
  for (const nlohmann::json& golden : golden_layers("relu"))
    expect_golden(std::make_shared<Relu>(), golden, {"input"}, 0);
  EXPECT_EQ(golden_layers("relu").size(), 1U);
}

TEST(Relu, DoesNotDependOnThreadsOrBatch) {
  expect_same_bits_for_threads_and_batches(naive(random_tensor({3, 17, 19, 16}, 4)));
}

}  // namespace
}  // namespace phosphene
