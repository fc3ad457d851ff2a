#include "layers/image/colour.h"

#include <algorithm>
#include <cmath>

#include "kernels/colour.h"
#include "runtime/error.h"
#include "tests/reference/image_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::colour_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

// A pixel is a sum of three products, an exponential to 2 units in the last place and a division: fewer than 16 roundings.
constexpr double kTolerance = 16 * 0x1p-24;

void expect_naive(const Shape& shape, bool decorrelated) {
  const Tensor src(shape, random_numbers(shape.elements(), 1, -4, 4)),
      cotangent(shape, random_numbers(shape.elements(), 2));
  OpHarness harness(std::make_shared<Colour>(decorrelated), {planar(shape, src.data)});
  EXPECT_TRUE(near_largest(harness.forward(), reference::colour(src, decorrelated).data, kTolerance))
      << to_string(shape);
  EXPECT_TRUE(near_largest(harness.backward(cotangent.data)[0],
                           reference::colour_backward(cotangent, src, decorrelated).data, kTolerance))
      << to_string(shape);
}

// To colour and back, for values that the margin does not touch: the inverse matrix is at most 40 times as large as the matrix, so
// that many times a tolerance.
TEST(Colour, HasAnInverse) {
  const Shape shape{2, 3, 5, 7};
  const std::vector<double> numbers = random_numbers(shape.elements(), 1, -0.5, 0.5);
  for (const bool clipped : {false, true}) {
    for (const bool decorrelated : {true, false}) {
      if (clipped && !decorrelated) continue;
      OpHarness harness(std::make_shared<Colour>(decorrelated, clipped), {planar(shape, numbers)});
      const std::vector<double> forward = harness.forward();
      const std::vector<float> values(forward.begin(), forward.end());
      if (clipped && std::any_of(values.begin(), values.end(), [](float v) { return v <= 0 || v >= 1; })) FAIL();
      EXPECT_TRUE(near_largest(before_colour(shape, values, decorrelated, clipped), numbers, 40 * kTolerance));
    }
  }
}

// Widths below, at and above a chunk; several images.
TEST(Colour, EqualsNaiveLoops) {
  for (const int64_t w : {1, 16, 37}) {
    expect_naive({2, 3, 5, w}, true);
    expect_naive({2, 3, 5, w}, false);
    expect_naive({2, 5, 3, w}, false);
  }
}

// Third derivatives of the sigmoid are below 1/8: a step of 1/64 is off by h^2 / 48 = 5e-6 where the first is at least .07, and the
// cancellation of values near 1 by 1e-7 / (1/64) = 8e-6.
TEST(Colour, GradientIsTheDifference) {
  for (const bool decorrelated : {true, false}) {
    OpHarness harness(std::make_shared<Colour>(decorrelated),
                      {planar({2, 3, 5, 19}, random_numbers(2 * 3 * 5 * 19, 3, -1, 1))});
    EXPECT_TRUE(harness.central_differences(2e-4));
    EXPECT_TRUE(harness.adjoint_identity(2e-4, 0x1p-6));
  }
}

// Saturates without overflow: e^88 is finite, so is its reciprocal.
TEST(Colour, SaturatesAtTheEnds) {
  OpHarness harness(std::make_shared<Colour>(false), {planar({1, 1, 1, 4}, {-1000, -100, 100, 1000})});
  const std::vector<double> dst = harness.forward();
  for (size_t i = 0; i < 2; ++i) EXPECT_LE(dst[i], 1e-37);
  for (size_t i = 2; i < 4; ++i) EXPECT_EQ(dst[i], 1);
  const std::vector<double> gradient = harness.backward({1, 1, 1, 1})[0];
  for (const double g : gradient) EXPECT_LE(std::abs(g), 1e-37);
}

// The pixel parameterization is this op alone. The table's tolerance for float32.
TEST(Colour, EqualsTheGoldenPixelImage) {
  const nlohmann::json golden = golden_table("parameterization").at("pixel");
  const Array pixels = to_array(golden.at("pixels"));
  OpHarness harness(std::make_shared<Colour>(true), {planar(pixels.shape(), pixels.data)});
  EXPECT_TRUE(near_largest(harness.forward(), to_array(golden.at("image")).data, 1e-5));
  EXPECT_TRUE(near_largest(harness.backward(to_array(golden.at("cotangent")).data)[0],
                           to_array(golden.at("gradient")).data, 1e-5));
}

// The matrix is rounded once.
TEST(Colour, MatrixIsTheGoldenOne) {
  const nlohmann::json golden = golden_table("parameterization").at("color").at("matrix");
  const ColourMatrix matrix;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 3; ++column) {
      EXPECT_EQ(matrix.m[3 * row + column], static_cast<float>(golden[row][column].get<double>()));
    }
  }
}

// M x + mean before the clip: three products and a mean, of numbers up to 3.
Tensor mixed_with_mean(const Tensor& src) {
  Tensor mixed = reference::colour(src, true);
  const double mean[] = {0.48, 0.46, 0.41};
  for (int64_t n = 0; n < src.shape.n; ++n)
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t p = 0; p < src.shape.h * src.shape.w; ++p) {
        double& x = mixed.plane(n, c)[p];
        x = std::log(x / (1 - x)) + mean[c];
      }
  return mixed;
}

// Clipped values, and a gradient that passes unless it points out of a clipped number. Some of each must have been there.
TEST(Colour, ClipsLikeNaiveLoops) {
  for (const int64_t w : {1, 16, 37}) {
    const Shape shape{2, 3, 5, w};
    const Tensor src(shape, random_numbers(shape.elements(), 5, -2, 2)),
        cotangent(shape, random_numbers(shape.elements(), 6)), mixed = mixed_with_mean(src);
    Tensor expected(shape), passed(shape), gradient(shape);
    int outward = 0, inward = 0;
    for (size_t i = 0; i < mixed.data.size(); ++i) {
      expected.data[i] = std::clamp(mixed.data[i], 0.0, 1.0);
      const bool above = mixed.data[i] > 1, below = mixed.data[i] < 0;
      const bool out = (above && cotangent.data[i] > 0) || (below && cotangent.data[i] < 0);
      outward += out ? 1 : 0;
      inward += (above || below) && !out ? 1 : 0;
      passed.data[i] = out ? 0 : cotangent.data[i];
    }
    EXPECT_TRUE(w == 1 || (outward > 10 && inward > 10));
    const ColourMatrix matrix;
    for (int64_t n = 0; n < 2; ++n)
      for (int64_t to = 0; to < 3; ++to)
        for (int64_t from = 0; from < 3; ++from)
          for (int64_t p = 0; p < 5 * w; ++p)
            gradient.plane(n, from)[p] += static_cast<double>(matrix.m[3 * to + from]) * passed.plane(n, to)[p];
    OpHarness harness(std::make_shared<Colour>(true, true), {planar(shape, src.data)});
    EXPECT_TRUE(near_largest(harness.forward(), expected.data, kTolerance));
    EXPECT_TRUE(near_largest(harness.backward(cotangent.data)[0], gradient.data, kTolerance));
  }
}

// Where nothing is clipped it is linear.
TEST(Colour, TheClippedGradientIsTheDifferenceInside) {
  OpHarness harness(std::make_shared<Colour>(true, true),
                    {planar({2, 3, 5, 19}, random_numbers(2 * 3 * 5 * 19, 3, -0.2, 0.2))});
  EXPECT_TRUE(harness.central_differences(1e-5, 0x1p-5));
  EXPECT_TRUE(harness.adjoint_identity(1e-5, 0x1p-5));
}

TEST(Colour, EqualsTheGoldenImageWithoutSigmoid) {
  const nlohmann::json golden = golden_table("parameterization").at("no_sigmoid");
  const Array c = to_array(golden.at("c"));
  OpHarness harness(std::make_shared<Colour>(true, true), {planar(c.shape(), c.data)});
  EXPECT_TRUE(near_largest(harness.forward(), to_array(golden.at("image")).data, 1e-5));
}

TEST(Colour, RefusesDecorrelationOfOtherThanThreeChannels) {
  EXPECT_THROW(OpHarness(std::make_shared<Colour>(true), {planar({1, 4, 2, 2}, random_numbers(16, 1))}), Error);
  EXPECT_THROW(OpHarness(std::make_shared<Colour>(true, true), {planar({1, 4, 2, 2}, random_numbers(16, 1))}), Error);
}

}  // namespace
}  // namespace phosphene::colour_test
