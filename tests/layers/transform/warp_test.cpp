#include "layers/transform/warp.h"

#include <cmath>
#include <numeric>

#include "runtime/error.h"
#include "tests/reference/image_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::warp_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Matrix;
using reference::Tensor;

struct Case {
  std::string name;
  Matrix matrix;
};

// Rotation by `degrees` and scaling about (y, x), then a shift.
Matrix about(double y, double x, double degrees, double scale, double down = 0, double right = 0) {
  const double t = degrees * 0.017453292519943295, c = scale * std::cos(t), s = scale * std::sin(t);
  return {c, s, y - c * y - s * x + down, -s, c, x + s * y - c * x + right};
}

std::vector<Case> cases() {
  return {{"identity", {1, 0, 0, 0, 1, 0}},
          {"shift", {1, 0, 2, 0, 1, -3}},
          {"half a pixel", {1, 0, 0.5, 0, 1, -0.25}},
          {"rotation", about(6, 18, 5, 1)},
          {"rotation and scale", about(6, 18, -33, 1.05, 1.3, -2.2)},
          {"quarter turn", {0, 1, 0, -1, 0, 30}},
          {"mirrored", {1, 0, 0, 0, -1, 36}},
          {"shrunk", about(6, 18, 10, 3.3)},
          {"magnified", about(6, 18, 10, 0.21)},
          {"sheared", {1.5, 0.9, -1.25, 0.7, 1.7, 0.5}},
          {"nearly singular", {1, 2, -20, 0.501, 1, 3}},
          {"a line", {0.5, 0.25, 1, 1, 0.5, 2}},
          {"a point", {0, 0, 3.25, 0, 0, 7.5}},
          {"far outside", {1, 0, 4000, 0, 1, -5000}}};
}

reference::WarpAttributes attributes(Outside outside, size_t channels) {
  reference::WarpAttributes a{.h = 17, .w = 35, .outside = outside, .scale = {}, .mean = {}, .order = {}};
  for (size_t c = 0; c < channels; ++c) {
    a.scale.push_back(2 - 0.375 * static_cast<double>(c));  // a float holds it
    a.mean.push_back(static_cast<double>(c) - 1.5);
    a.order.push_back(static_cast<int>(channels - 1 - c));
  }
  return a;
}

std::vector<double> numbers_of(const std::vector<Matrix>& matrices) {
  std::vector<double> numbers;
  for (const Matrix& m : matrices) numbers.insert(numbers.end(), m.begin(), m.end());
  return numbers;
}

OpHarness harness_of(const Tensor& src, const std::vector<Matrix>& matrices, const reference::WarpAttributes& a,
                     int threads = 2) {
  const auto op = std::make_shared<Warp>(a.h, a.w, a.outside, std::vector<float>(a.scale.begin(), a.scale.end()),
                                         std::vector<float>(a.mean.begin(), a.mean.end()), a.order);
  return {op,
          {planar(src.shape, src.data),
           table(TensorInfo{{src.shape.n, 6, 1, 1}, Layout::channels_last, DType::f64}, numbers_of(matrices))},
          threads};
}

// Coordinates are double precision, far outside too. A weight is two rounded factors; an output sums four taps, and a pixel's
// gradient as many outputs as a magnification by 4.8 and the mirror let read it, about 100: 16 roundings, or 8 sqrt(100).
void expect_naive(const Tensor& src, const Case& one, const reference::WarpAttributes& a) {
  constexpr double kTolerance = 80 * 0x1p-24;
  const std::vector<Matrix> matrices = {one.matrix, cases()[4].matrix};
  OpHarness harness = harness_of(src, matrices, a);
  EXPECT_TRUE(near_largest(harness.forward(), reference::warp(src, matrices, a).data, kTolerance)) << one.name;
  const Tensor cotangent(Shape{src.shape.n, src.shape.c, a.h, a.w},
                         random_numbers(src.shape.n * src.shape.c * a.h * a.w, 7));
  EXPECT_TRUE(near_largest(harness.backward(cotangent.data)[0],
                           reference::warp_backward(cotangent, src.shape, matrices, a).data, kTolerance))
      << one.name;
}

TEST(Warp, EqualsNaiveLoops) {
  for (const int64_t channels : {1, 3, 5}) {
    const Shape shape{2, channels, 13, 37};
    const Tensor src(shape, random_numbers(shape.elements(), 5));
    for (const Case& one : cases()) {
      expect_naive(src, one, attributes(Outside::constant, static_cast<size_t>(channels)));
      expect_naive(src, one, attributes(Outside::reflect, static_cast<size_t>(channels)));
    }
  }
}

// Images of one row, one column, one pixel: the mirror has a period of nothing.
TEST(Warp, HandlesImagesOfOneRow) {
  for (const Shape& shape : {Shape{2, 3, 1, 20}, Shape{2, 3, 20, 1}, Shape{2, 3, 1, 1}}) {
    const Tensor src(shape, random_numbers(shape.elements(), 5));
    for (const Case& one : {cases()[0], cases()[2], cases()[4]}) {
      expect_naive(src, one, attributes(Outside::constant, 3));
      expect_naive(src, one, attributes(Outside::reflect, 3));
    }
  }
}

// The op is affine in the image: differences are exact up to the rounding of outputs below 16, 1e-6 over a step of 1/2.
TEST(Warp, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{2, 3, 13, 37};
  const Tensor src(shape, random_numbers(shape.elements(), 6));
  for (const Outside outside : {Outside::constant, Outside::reflect}) {
    OpHarness harness = harness_of(src, {cases()[4].matrix, cases()[7].matrix}, attributes(outside, 3));
    EXPECT_TRUE(harness.adjoint_identity(1e-5));
    EXPECT_TRUE(harness.central_differences(1e-5, 0.5));
  }
}

// With small integers in the image and the cotangent, and eighths in the matrix, both sides are exact.
TEST(Warp, IsTransposedExactly) {
  const Shape shape{1, 3, 13, 37};
  const Tensor src(shape, random_integers(shape.elements(), 1)),
      cotangent({1, 3, 17, 35}, random_integers(3 * 17 * 35, 2));
  reference::WarpAttributes a = attributes(Outside::reflect, 3);
  a.mean = {0, 0, 0};
  for (const Matrix& m : {Matrix{0.875, 0.125, -3.5, -0.25, 1.125, 0.125}, Matrix{1, 0.5, 2, 0.25, 0.5, -30}}) {
    OpHarness harness = harness_of(src, {m}, a);
    const std::vector<double> dst = harness.forward(), gradient = harness.backward(cotangent.data)[0];
    EXPECT_EQ(std::inner_product(dst.begin(), dst.end(), cotangent.data.begin(), 0.0),
              std::inner_product(gradient.begin(), gradient.end(), src.data.begin(), 0.0));
  }
}

// The table's tolerance for float32.
TEST(Warp, EqualsTheGoldenTable) {
  const nlohmann::json table = golden_table("transforms");
  const Array input = to_array(table.at("input"));
  ASSERT_EQ(table.at("cases").size(), 26U);
  for (const nlohmann::json& golden : table.at("cases")) {
    const std::string name = golden.at("name");
    const auto& m = golden.at("matrix");
    const Matrix matrix = {m[0][0], m[0][1], m[0][2], m[1][0], m[1][1], m[1][2]};
    const Outside outside = golden.at("outside") == "reflect" ? Outside::reflect : Outside::constant;
    OpHarness harness = harness_of({input.shape(), input.data}, {matrix},
                                   {.h = golden.at("output_shape")[2],
                                    .w = golden.at("output_shape")[3],
                                    .outside = outside,
                                    .scale = {1, 1},
                                    .mean = {0, 0},
                                    .order = {0, 1}});
    EXPECT_TRUE(near_largest(harness.forward(), to_array(golden.at("output")).data, 1e-5)) << name;
    const Array gradient = to_array(golden.at("gradient"));
    const std::vector<double> actual = harness.backward(to_array(golden.at("cotangent")).data)[0];
    EXPECT_TRUE(near_largest(actual, gradient.data, 1e-5)) << name;
  }
}

TEST(Warp, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{3, 3, 60, 61}, one{1, 3, 60, 61};
  const std::vector<Matrix> matrices = {about(30, 30, 4, 0.97), about(30, 30, -20, 1.4, 3, 8), about(9, 5, 90, 1)};
  for (const Outside outside : {Outside::constant, Outside::reflect}) {
    reference::WarpAttributes a = attributes(outside, 3);
    a.h = a.w = 57;
    const Tensor src(shape, random_numbers(shape.elements(), 1)), w({3, 3, 57, 57}, random_numbers(3 * 3 * 57 * 57, 2));
    OpHarness batch = harness_of(src, matrices, a, 3);
    const std::vector<double> dst = batch.forward(), gradient = batch.backward(w.data)[0];
    const auto image = [](const std::vector<double>& all, ptrdiff_t n) {
      const auto size = static_cast<ptrdiff_t>(all.size()) / 3;
      return std::vector<double>(all.begin() + n * size, all.begin() + (n + 1) * size);
    };
    const auto floats = [](const std::vector<double>& numbers) {
      return std::vector<float>(numbers.begin(), numbers.end());
    };
    for (ptrdiff_t n = 0; n < 3; ++n) {
      OpHarness alone = harness_of({one, image(src.data, n)}, {matrices[static_cast<size_t>(n)]}, a, 1);
      EXPECT_TRUE(same_bits(floats(alone.forward()), floats(image(dst, n))));
      EXPECT_TRUE(same_bits(floats(alone.backward(image(w.data, n))[0]), floats(image(gradient, n))));
    }
  }
}

TEST(Warp, RefusesPreprocessingThatDoesNotFit) {
  EXPECT_THROW(Warp(4, 4, Outside::constant, {1, 1, 1}, {0, 0, 0}, {0, 1}), Error);
  EXPECT_THROW(Warp(4, 4, Outside::constant, {1, 1, 1}, {0, 0, 0}, {0, 1, 1}), Error);
  EXPECT_THROW(Warp(4, 4, Outside::constant, std::vector<float>(9), std::vector<float>(9), {0, 1, 2, 3, 4, 5, 6, 7, 8}),
               Error);
  EXPECT_THROW(Warp(4, 4, Outside::constant, {1, 1}, {0, 0, 0}, {0, 1, 2}), Error);
  const Tensor four_channels({1, 4, 5, 5}, random_numbers(100, 1));
  EXPECT_THROW(harness_of(four_channels, {cases()[0].matrix}, attributes(Outside::constant, 3)), Error);
}

}  // namespace
}  // namespace phosphene::warp_test
