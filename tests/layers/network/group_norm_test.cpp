#include "layers/network/group_norm.h"

#include "runtime/error.h"
#include "tests/layers/network/arithmetic.h"
#include "tests/reference/arithmetic_ops.h"

namespace phosphene::group_norm_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(Tensor src, int64_t groups, bool affine, float epsilon = 1e-5F) {
  const Weights factor = affine ? random_weights({src.shape.c}, 5) : Weights{},
                shift = affine ? random_weights({1, src.shape.c, 1, 1}, 6) : Weights{};
  return {std::make_shared<GroupNorm>(groups, epsilon, factor, shift),
          {std::move(src)},
          [=](const auto& s) { return reference::group_norm(s[0], groups, epsilon, factor, shift); },
          [=](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::group_norm_backward(grad_dst, s[0], groups, epsilon, factor)};
          }};
}

// About twelve roundings outside sums (of the mean and its distance, r's four, the products) on up to two terms, and three sums of
// `count` numbers, each a random walk (tolerances.md).
double tolerance(int64_t count) { return (2 * 12 + 3 * 4 * std::sqrt(static_cast<double>(count))) * kEps; }

struct Groups {
  Shape map;
  int64_t groups;
};
// Groups of all sizes: of one channel (instance normalisation), of all (layer normalisation of the image), and between.
const Groups kGroups[] = {{{3, 1, 4, 3}, 1},   {{2, 3, 5, 4}, 3},     {{2, 3, 5, 4}, 1},   {{3, 17, 3, 5}, 17},
                          {{2, 19, 2, 3}, 1},  {{1, 2048, 1, 1}, 32}, {{2, 36, 3, 5}, 4},  {{2, 36, 1, 7}, 3},
                          {{2, 38, 4, 1}, 19}, {{1, 64, 3, 3}, 64},   {{2, 2048, 1, 1}, 1}};

TEST(GroupNorm, EqualsNaiveLoops) {
  for (const auto& [map, groups] : kGroups) {
    for (const bool affine : {true, false}) {
      SCOPED_TRACE(to_string(map) + " in " + std::to_string(groups));
      expect_naive(naive(random_tensor(map, 1), groups, affine), tolerance(map.c / groups * map.h * map.w));
    }
  }
}

// One number is its own mean: the shift is left, and no gradient at all.
TEST(GroupNorm, OfOneNumberIsTheShift) {
  expect_naive(naive(random_tensor({3, 19, 1, 1}, 1), 19, true), 0);
  expect_naive(naive(random_tensor({3, 19, 1, 1}, 1), 19, false), 0);
}

// A mean of 1000 deviations. It is off by some roundings of itself, 1000 * 2^-24 * (2 + 4 / sqrt(32)), which is what a deviation is off by;
// the mean of squares less the square of the mean would be off by 10^6 * 2^-24, 1000 times as much.
TEST(GroupNorm, AMeanFarAboveTheDeviationDoesNotSwallowIt) {
  expect_naive(naive(tensor_between({2, 12, 3, 4}, 1, 998, 1002), 3, true), 1000 * 3 * kEps);
}

// As of a LayerNorm.
TEST(GroupNorm, GradientIsTheAdjointAndTheDifference) {
  for (const int64_t groups : {1, 2, 6}) {
    for (const bool affine : {true, false}) {
      OpHarness harness = harness_of(naive(random_tensor({2, 6, 4, 5}, 1), groups, affine));
      EXPECT_TRUE(harness.adjoint_identity(2e-4, 0x1p-7));
      EXPECT_TRUE(harness.central_differences(2e-4, 0x1p-7, 80));
    }
  }
}

TEST(GroupNorm, EqualsTheGoldenTable) {
  const auto cases = golden_arithmetic("group norm");
  ASSERT_EQ(cases.size(), 3U);
  for (const nlohmann::json& golden : cases) {
    expect_golden(std::make_shared<GroupNorm>(golden.at("groups").get<int64_t>(), golden.at("epsilon").get<float>(),
                                              golden_weights(golden, "factor"), golden_weights(golden, "shift")),
                  golden, {"input"}, tolerance(20));
  }
}

// The result is rounded once more, by at most 2^-8 of itself.
TEST(GroupNorm, ComputesInBfloat16) {
  for (const int64_t groups : {1, 6, 18})
    expect_naive(in_bf16(naive(random_tensor({2, 18, 3, 5}, 1), groups, true)), 0x1p-8 + tolerance(18 / groups * 15));
}

TEST(GroupNorm, DoesNotDependOnThreadsOrBatch) {
  for (const int64_t groups : {1, 3, 150})
    expect_same_bits_for_threads_and_batches(naive(random_tensor({3, 150, 9, 8}, 1), groups, true));
}

TEST(GroupNorm, RefusesWhatCannotBeDivided) {
  const std::vector<TensorInfo> src{{{1, 6, 2, 2}}};
  EXPECT_THROW(static_cast<void>(GroupNorm(4, 1e-5F, {}, {}).infer(src)), Error);
  EXPECT_THROW(static_cast<void>(GroupNorm(12, 1e-5F, {}, {}).infer(src)), Error);
  EXPECT_THROW(static_cast<void>(GroupNorm(2, 1e-5F, random_weights({2}, 1), {}).infer(src)), Error);
  EXPECT_THROW(GroupNorm(0, 1e-5F, {}, {}), Error);
  EXPECT_THROW(GroupNorm(2, 0, {}, {}), Error);
}

}  // namespace
}  // namespace phosphene::group_norm_test
