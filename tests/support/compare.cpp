#include "tests/support/compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace phosphene::testing {
namespace {

AssertionResult comparable(std::span<const double> actual, std::span<const double> expected) {
  if (actual.size() != expected.size())
    return AssertionFailure() << actual.size() << " numbers, expected " << expected.size();
  if (actual.empty()) return AssertionFailure() << "nothing to compare";
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!std::isfinite(actual[i]) || !std::isfinite(expected[i])) {
      return AssertionFailure() << "element " << i << " is " << actual[i] << ", expected " << expected[i];
    }
  }
  return AssertionSuccess();
}

double ratio(double error, double scale) {
  if (scale > 0) return error / scale;
  return error == 0 ? 0 : std::numeric_limits<double>::infinity();
}

AssertionResult within(std::span<const double> actual, std::span<const double> expected, double Errors::*measured,
                       const char* name, double tolerance) {
  if (AssertionResult fit = comparable(actual, expected); !fit) return fit;
  const Errors errors = measure(actual, expected);
  if (!(errors.*measured <= tolerance)) {
    return AssertionFailure() << name << " error " << errors.*measured << " > " << tolerance << "; worst at "
                              << errors.worst << ": " << actual[errors.worst] << ", expected "
                              << expected[errors.worst];
  }
  return AssertionSuccess() << name << " error " << errors.*measured;
}

}  // namespace

Errors measure(std::span<const double> actual, std::span<const double> expected) {
  Errors errors;
  std::vector<double> differences(actual.size());
  double largest = 0, squares = 0, error_squares = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    differences[i] = std::abs(actual[i] - expected[i]);
    if (differences[i] > differences[errors.worst]) errors.worst = i;
    largest = std::max(largest, std::abs(expected[i]));
    squares += expected[i] * expected[i];
    error_squares += differences[i] * differences[i];
  }
  errors.over_largest = ratio(differences[errors.worst], largest);
  errors.relative_l2 = ratio(std::sqrt(error_squares), std::sqrt(squares));
  const auto middle = differences.begin() + static_cast<ptrdiff_t>(differences.size() / 2);
  std::nth_element(differences.begin(), middle, differences.end());
  errors.median_over_largest = ratio(*middle, largest);
  return errors;
}

AssertionResult within_largest(std::span<const double> actual, std::span<const double> expected, double tolerance) {
  return within(actual, expected, &Errors::over_largest, "largest", tolerance);
}

AssertionResult within_median(std::span<const double> actual, std::span<const double> expected, double tolerance) {
  return within(actual, expected, &Errors::median_over_largest, "median", tolerance);
}

AssertionResult within_l2(std::span<const double> actual, std::span<const double> expected, double tolerance) {
  return within(actual, expected, &Errors::relative_l2, "relative l2", tolerance);
}

AssertionResult same_bits(const std::vector<float>& actual, const std::vector<float>& expected) {
  const std::vector<double> a = to_doubles(actual), e = to_doubles(expected);
  if (AssertionResult fit = comparable(a, e); !fit) return fit;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::bit_cast<uint32_t>(actual[i]) != std::bit_cast<uint32_t>(expected[i])) {
      return AssertionFailure() << "element " << i << " is " << actual[i] << ", expected " << expected[i]
                                << " to the bit";
    }
  }
  return AssertionSuccess();
}

}  // namespace phosphene::testing
