#include "layers/image/standardise.h"

#include <cmath>

#include "kernels/standardise.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::standardise_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

constexpr float kEpsilon = 0.25F;  // large, so that a wrong place of it shows

OpHarness harness_of(const Shape& shape, const std::vector<double>& src, int threads = 2) {
  return {std::make_shared<Standardise>(kEpsilon), {planar(shape, src)}, threads};
}

struct Expected {
  std::vector<double> dst, grad_src;
};

// From the definition: the gradient as the sum over all pairs, dst_j by src_i.
Expected naive(const Shape& shape, const std::vector<double>& src, const std::vector<double>& g) {
  Expected expected{std::vector<double>(src.size()), std::vector<double>(src.size())};
  const auto n = static_cast<size_t>(shape.elements() / shape.n);
  const auto count = static_cast<double>(n);
  for (size_t first = 0; first < src.size(); first += n) {
    double mean = 0, variance = 0;
    for (size_t i = first; i < first + n; ++i) mean += src[i] / count;
    for (size_t i = first; i < first + n; ++i) variance += (src[i] - mean) * (src[i] - mean) / count;
    const double s = std::sqrt(variance), divisor = s + static_cast<double>(kEpsilon);
    for (size_t i = first; i < first + n; ++i) expected.dst[i] = (src[i] - mean) / divisor;
    for (size_t i = first; i < first + n; ++i) {
      for (size_t j = first; j < first + n; ++j) {
        const double own = (i == j ? 1 : 0) - 1 / count, slope = s > 0 ? (src[i] - mean) / (count * s) : 0;
        expected.grad_src[i] += g[j] * (own / divisor - (src[j] - mean) / (divisor * divisor) * slope);
      }
    }
  }
  return expected;
}

double tolerance(const Shape& shape) {
  return (24 + 12 * std::sqrt(static_cast<double>(shape.elements() / shape.n))) * 0x1p-24;
}

// The tolerance of normalisations over K numbers (tests/support/tolerances.md), K those of an image.
TEST(Standardise, EqualsNaiveLoops) {
  for (const Shape& shape : {Shape{2, 3, 5, 37}, Shape{1, 1, 1, 2}, Shape{3, 1, 33, 4}}) {
    SCOPED_TRACE(to_string(shape));
    const std::vector<double> src = random_numbers(shape.elements(), 1, -1, 3),
                              cotangent = random_numbers(shape.elements(), 2);
    OpHarness harness = harness_of(shape, src);
    const Expected expected = naive(shape, src, cotangent);
    EXPECT_TRUE(near_largest(harness.forward(), expected.dst, tolerance(shape)));
    EXPECT_TRUE(near_largest(harness.backward(cotangent)[0], expected.grad_src, tolerance(shape)));
  }
}

// The offset's rounding, 2^-24 of 4096, is 2^-12 of a deviation of about 1, in the mean as in the numbers themselves.
TEST(Standardise, KeepsASmallDeviationOnALargeMean) {
  const Shape shape{1, 3, 8, 9};
  std::vector<double> src = random_numbers(shape.elements(), 3);
  const std::vector<double> plain = harness_of(shape, src).forward();
  for (double& number : src) number += 4096;
  EXPECT_TRUE(near_largest(harness_of(shape, src).forward(), plain, 0x1p-10));
}

// Second derivatives of U are about 1 / s^2 = 1: a step of 1/64 of one number of 555 changes the deviation by 3e-5 of itself, and
// cancellation is 1e-7 / (1/64).
TEST(Standardise, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{2, 3, 5, 37};
  OpHarness harness = harness_of(shape, random_numbers(shape.elements(), 4));
  EXPECT_TRUE(harness.central_differences(1e-3));
  EXPECT_TRUE(harness.adjoint_identity(2e-4, 0x1p-6));
}

TEST(Standardise, AnImageOfOneValueIsZeroAndItsGradientFinite) {
  const Shape shape{1, 3, 4, 4};
  OpHarness harness = harness_of(shape, std::vector<double>(48, 0.5));
  EXPECT_EQ(harness.forward(), std::vector<double>(48));
  const std::vector<double> cotangent = random_integers(48, 5);
  EXPECT_TRUE(near_largest(harness.backward(cotangent)[0],
                           naive(shape, std::vector<double>(48, 0.5), cotangent).grad_src, 16 * 0x1p-24));
}

TEST(Standardise, DependsOnNeitherThreadsNorNeighboursNorWidth) {
  const Shape three{3, 3, 7, 149}, one{1, 3, 7, 149};
  const std::vector<double> src = random_numbers(three.elements(), 6), g = random_numbers(three.elements(), 7);
  OpHarness all = harness_of(three, src, 3);
  const std::vector<double> dst = all.forward(), grad_src = all.backward(g)[0];
  const auto size = static_cast<ptrdiff_t>(one.elements());
  for (ptrdiff_t n = 0; n < 3; ++n) {
    const auto part = [n, size](const std::vector<double>& of) {
      return std::vector<double>(of.begin() + n * size, of.begin() + (n + 1) * size);
    };
    OpHarness alone = harness_of(one, part(src), 1);
    EXPECT_EQ(alone.forward(), part(dst));
    EXPECT_EQ(alone.backward(part(g))[0], part(grad_src));
  }
  const std::vector<float> a = random_floats(three.elements(), 8), b = random_floats(three.elements(), 9),
                           statistics = random_floats(9, 10), means = random_floats(6, 11);
  expect_same_bits_at_every_width(3 * 3 * 7, 149, three.elements(), [&](auto& out) {
    return StandardiseRow{a.data(), statistics.data(), out.data(), 21, 149};
  });
  expect_same_bits_at_every_width(3 * 3 * 7, 149, three.elements(), [&](auto& out) {
    return StandardiseBackwardRow{a.data(), b.data(), statistics.data(), means.data(), out.data(), 21, 149};
  });
}

}  // namespace
}  // namespace phosphene::standardise_test
