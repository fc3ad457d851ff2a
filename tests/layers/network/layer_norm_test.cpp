#include "layers/network/layer_norm.h"

#include "runtime/error.h"
#include "tests/layers/network/arithmetic.h"
#include "tests/reference/arithmetic_ops.h"

namespace phosphene::layer_norm_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(Tensor src, bool affine, float epsilon = 1e-5F) {
  const Weights factor = affine ? random_weights({src.shape.c}, 5) : Weights{},
                shift = affine ? random_weights({1, src.shape.c, 1, 1}, 6) : Weights{};
  return {std::make_shared<LayerNorm>(epsilon, factor, shift),
          {std::move(src)},
          [=](const auto& s) { return reference::layer_norm(s[0], epsilon, factor, shift); },
          [=](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::layer_norm_backward(grad_dst, s[0], epsilon, factor)};
          }};
}

// About twelve roundings outside sums (of the mean and its distance, r's four, the products) on up to two terms, and three sums of
// `count` numbers, each a random walk (tolerances.md).
double tolerance(int64_t count) { return (2 * 12 + 3 * 4 * std::sqrt(static_cast<double>(count))) * kEps; }

TEST(LayerNorm, EqualsNaiveLoops) {
  for (const Shape& map : {Shape{3, 3, 4, 3}, Shape{2, 17, 3, 5}, Shape{3, 19, 1, 1}, Shape{1, 2048, 2, 1},
                           Shape{2, 33, 2, 3}, Shape{2, 64, 3, 2}}) {
    for (const bool affine : {true, false}) {
      SCOPED_TRACE(to_string(map));
      expect_naive(naive(random_tensor(map, 1), affine), tolerance(map.c));
    }
  }
}

// One channel is its own mean: the shift is left, and no gradient at all.
TEST(LayerNorm, OfOneChannelIsTheShift) {
  expect_naive(naive(random_tensor({3, 1, 2, 2}, 1), true), 0);
  expect_naive(naive(random_tensor({3, 1, 2, 2}, 1), false), 0);
}

// A mean of 1000 deviations. It is off by some roundings of itself, 1000 * 2^-24 * (2 + 4 / sqrt(32)), which is what a deviation is off by;
// the mean of squares less the square of the mean would be off by 10^6 * 2^-24, 1000 times as much.
TEST(LayerNorm, AMeanFarAboveTheDeviationDoesNotSwallowIt) {
  expect_naive(naive(tensor_between({2, 32, 2, 2}, 1, 998, 1002), true), 1000 * 3 * kEps);
}

// J v by differences of step 2^-7: rounding 2^-24 * 2^7 of a gradient of order 1, and 2^-14 / 6 times a third derivative, 3 r^3 of a few
// terms with r below 1.
TEST(LayerNorm, GradientIsTheAdjointAndTheDifference) {
  for (const bool affine : {true, false}) {
    OpHarness harness = harness_of(naive(random_tensor({2, 17, 3, 2}, 1), affine));
    EXPECT_TRUE(harness.adjoint_identity(2e-4, 0x1p-7));
    EXPECT_TRUE(harness.central_differences(2e-4, 0x1p-7));
  }
}

TEST(LayerNorm, EqualsTheGoldenTable) {
  const auto cases = golden_arithmetic("layer norm");
  ASSERT_EQ(cases.size(), 2U);
  for (const nlohmann::json& golden : cases) {
    expect_golden(std::make_shared<LayerNorm>(golden.at("epsilon").get<float>(), golden_weights(golden, "factor"),
                                              golden_weights(golden, "shift")),
                  golden, {"input"}, tolerance(7));
  }
}

// The result is rounded once more, by at most 2^-8 of itself.
TEST(LayerNorm, ComputesInBfloat16) {
  expect_naive(in_bf16(naive(random_tensor({2, 19, 3, 5}, 1), true)), 0x1p-8 + tolerance(19));
}

TEST(LayerNorm, DoesNotDependOnThreadsOrBatch) {
  for (const bool affine : {true, false})
    expect_same_bits_for_threads_and_batches(naive(random_tensor({3, 150, 9, 8}, 1), affine));
}

TEST(LayerNorm, RefusesOtherCountsAndNoEpsilon) {
  const std::vector<TensorInfo> src{{{1, 6, 2, 2}}};
  EXPECT_THROW(static_cast<void>(LayerNorm(1e-5F, random_weights({1}, 1), {}).infer(src)), Error);
  EXPECT_THROW(static_cast<void>(LayerNorm(1e-5F, {}, random_weights({7}, 1)).infer(src)), Error);
  EXPECT_THROW(LayerNorm(0, {}, {}), Error);
  EXPECT_THROW(LayerNorm(std::nanf(""), {}, {}), Error);
}

}  // namespace
}  // namespace phosphene::layer_norm_test
