#include "runtime/overflow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/error.h"

namespace phosphene::overflow_test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(LargestMagnitude, CountsWhatIsNotFiniteAsInfinite) {
  EXPECT_EQ(largest_magnitude(std::vector<float>{}), 0);
  EXPECT_EQ(largest_magnitude(std::vector<float>{1, -3, 2}), 3);
  EXPECT_EQ(largest_magnitude(std::vector<float>{1, std::nanf(""), 2}), kInfinity);
  EXPECT_EQ(largest_magnitude(std::vector<float>{1, -std::nanf("")}), kInfinity);
  EXPECT_EQ(largest_magnitude(std::vector<float>{-kInfinity, 1}), kInfinity);
  EXPECT_EQ(largest_magnitude(std::vector<float>{-std::numeric_limits<float>::max()}),
            std::numeric_limits<float>::max());
}

LinearProblem linear(std::vector<float> weights, std::vector<float> bias) {
  const auto k = std::ssize(bias), c = std::ssize(weights) / k;
  return {{1, c, 1, 1}, k, Weights::from(std::move(weights), {k, c, 1, 1}), Weights::from(std::move(bias), {k})};
}

TEST(LargestSafeSource, KeepsSumsAMillionthOfTheLargestFloat) {
  const float safe = largest_safe_source(linear({2, -8, 1, 1}, {0}), "fc");
  // Four products of at most 8 x safe.
  EXPECT_NEAR(4.0 * 8.0 * static_cast<double>(safe) / static_cast<double>(std::numeric_limits<float>::max()), 1e-6,
              1e-12);
  EXPECT_EQ(largest_safe_source(linear({0, 0}, {0}), "fc"), kInfinity);
  EXPECT_EQ(largest_safe_source(ReluProblem{}, "relu"), kInfinity);
  EXPECT_LT(largest_safe_source(LrnProblem{{1, 8, 1, 1}}, "lrn"), 1e16F) << "its squares are summed";
}

TEST(LargestSafeSource, RefusesWeightsThatAreNotFinite) {
  EXPECT_THROW(static_cast<void>(largest_safe_source(linear({1, kInfinity}, {0}), "fc")), Error);
  EXPECT_THROW(static_cast<void>(largest_safe_source(linear({1, 1}, {std::nanf("")}), "fc")), Error);
}

}  // namespace
}  // namespace phosphene::overflow_test
