// Comparators for tests. Each fails on sizes that differ, on nothing to compare and on any number that is not finite, and
// names the worst element.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace phosphene::testing {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

template <class T>
std::vector<double> to_doubles(const std::vector<T>& numbers) {
  return {numbers.begin(), numbers.end()};
}

// The measures of an error, against `expected`. Where all of `expected` is 0 any deviation is infinite.
struct Errors {
  double over_largest = 0;         // largest |difference| / largest |expected|
  double median_over_largest = 0;  // median |difference| / largest |expected|
  double relative_l2 = 0;          // |difference|_2 / |expected|_2
  size_t worst = 0;                // where the difference is largest
};
Errors measure(std::span<const double> actual, std::span<const double> expected);

AssertionResult within_largest(std::span<const double> actual, std::span<const double> expected, double tolerance);
AssertionResult within_median(std::span<const double> actual, std::span<const double> expected, double tolerance);
AssertionResult within_l2(std::span<const double> actual, std::span<const double> expected, double tolerance);

// The same for vectors of any numbers.
template <class A, class B>
AssertionResult near_largest(const std::vector<A>& actual, const std::vector<B>& expected, double tolerance) {
  return within_largest(to_doubles(actual), to_doubles(expected), tolerance);
}
template <class A, class B>
AssertionResult near_median(const std::vector<A>& actual, const std::vector<B>& expected, double tolerance) {
  return within_median(to_doubles(actual), to_doubles(expected), tolerance);
}
template <class A, class B>
AssertionResult near_l2(const std::vector<A>& actual, const std::vector<B>& expected, double tolerance) {
  return within_l2(to_doubles(actual), to_doubles(expected), tolerance);
}

// Equality to the bit, 0 and -0 told apart.
AssertionResult same_bits(const std::vector<float>& actual, const std::vector<float>& expected);

// Equality as numbers, for results that are exact in both precisions.
template <class A, class B>
AssertionResult same_numbers(const std::vector<A>& actual, const std::vector<B>& expected) {
  return within_largest(to_doubles(actual), to_doubles(expected), 0);
}

}  // namespace phosphene::testing
