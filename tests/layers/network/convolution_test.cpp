#include "layers/network/convolution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "tests/layers/network/convolution_geometry.h"

namespace phosphene::convolution_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

using Geometry = ConvolutionSizes;

const std::vector<Geometry>& geometries() {
  static const std::vector<Geometry> all{
      {"1x1", {2, 8, 5, 7}, 6, 1, {.r = 1, .s = 1}},
      {"3x3, padded",
       {2, 5, 6, 9},
       7,
       1,
       {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"3x5, each padding different",
       {1, 3, 9, 8},
       4,
       1,
       {.r = 3, .s = 5, .pad_top = 2, .pad_left = 1, .pad_bottom = 0, .pad_right = 3}},
      {"GoogLeNet's first",
       {2, 3, 23, 20},
       16,
       1,
       {.r = 7, .s = 7, .stride_h = 2, .stride_w = 2, .pad_top = 3, .pad_left = 3, .pad_bottom = 3, .pad_right = 3}},
      {"a picture wide enough for rows to be multiplied whole",
       {2, 3, 9, 41},
       16,
       1,
       {.r = 5, .s = 7, .stride_h = 2, .stride_w = 2, .pad_top = 2, .pad_left = 3, .pad_bottom = 2, .pad_right = 3}},
      {"an odd number of numbers in a row of the gradient",
       {1, 3, 9, 33},
       5,
       1,
       {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"AlexNet's first, of gray", {1, 1, 31, 27}, 24, 1, {.r = 11, .s = 11, .stride_h = 4, .stride_w = 4}},
      {"strides differ",
       {1, 4, 11, 13},
       8,
       1,
       {.r = 3, .s = 3, .stride_h = 3, .stride_w = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"groups", {2, 8, 6, 5}, 12, 4, {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"depthwise", {2, 16, 7, 6}, 16, 16, {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .same = true}},
      {"depthwise, two outputs each",
       {1, 6, 7, 6},
       12,
       6,
       {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"SAME, odd one behind", {1, 3, 8, 11}, 5, 1, {.r = 3, .s = 4, .stride_h = 2, .stride_w = 2, .same = true}},
      {"rows behind the last window", {1, 4, 8, 8}, 4, 1, {.r = 2, .s = 2, .stride_h = 3, .stride_w = 3}},
      {"many channels", {1, 192, 7, 7}, 64, 1, {.r = 1, .s = 1}}};
  return all;
}

const Geometry& geometry(std::string_view what) {
  return *std::find_if(geometries().begin(), geometries().end(), [&](const Geometry& g) { return g.what == what; });
}

// A sum of n rounded products is off by about sqrt(n) roundings of 2^-24 of its terms' root of squares, which is at most about
// the largest entry; 4 of those, n <= 192 * 1 or 147.
constexpr double kTolerance = 4 * 14 * 0x1p-24;

TEST(Convolution, EqualsNaiveLoops) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(random_case(g), kTolerance);
  }
}

// Factors and products are exact, sums as above, and the result is rounded once, by at most half of 2^-7 of itself.
constexpr double kBf16Tolerance = 0x1p-8 + kTolerance;

TEST(Convolution, InBfloat16EqualsNaiveLoopsRoundedOnce) {
  PHOSPHENE_BF16();
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(bf16_case(g, random_weights({g.k}, 3)), kBf16Tolerance);
    expect_adjoint_in_bf16(bf16_case(g, Weights{}));
  }
}

TEST(Convolution, InBfloat16DoesNotDependOnThreadsOrBatch) {
  PHOSPHENE_BF16();
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_same_bits_for_threads_and_batches(bf16_case(g, Weights{}));
  }
}

// Products of integers up to 4, at most 192 of them: every partial sum is below 2^24 and exact.
TEST(Convolution, IsExactOnIntegers) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2), integer_weights({g.k}, 3)), 0);
    expect_naive(naive(g, integer_tensor(g.src, 4), integer_weights(weight_dims(g), 5), Weights{}), 0);
  }
}

// Linear in its source: the identity holds to the rounding of two sums, 1e-7 each, of terms a few times |Jv||w|.
TEST(Convolution, GradientIsTheAdjoint) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    EXPECT_TRUE(harness_of(random_case(g)).adjoint_identity(1e-6));
  }
}

// Linear: a large step leaves only rounding, 1e-7 of outputs up to about 30 over a step of 0.5.
TEST(Convolution, GradientEqualsCentralDifferences) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    EXPECT_TRUE(harness_of(random_case(g)).central_differences(2e-5, 0.5, 60));
  }
}

TEST(Convolution, EqualsTheGoldenTable) {
  const auto cases = golden_layers("conv");
  ASSERT_FALSE(cases.empty());
  for (const nlohmann::json& golden : cases) {
    const Array weights = to_array(golden.at("inputs").at("weight"));
    const int64_t pad = golden.at("pad"), stride = golden.at("stride");
    const WindowAttributes window{.r = weights.dims[2],
                                  .s = weights.dims[3],
                                  .stride_h = stride,
                                  .stride_w = stride,
                                  .pad_top = pad,
                                  .pad_left = pad,
                                  .pad_bottom = pad,
                                  .pad_right = pad};
    const auto op =
        std::make_shared<Convolution>(window, 1, weights.weights(), to_array(golden.at("inputs").at("bias")).weights());
    expect_golden(op, golden, {"input"}, kTolerance);
  }
}

TEST(Convolution, DoesNotDependOnThreadsOrBatch) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_same_bits_for_threads_and_batches(random_case(g));
  }
}

// oneDNN's ref: implementations are a hundred times slower: a plan never has one.
TEST(Convolution, NeverRunsOnTheReferenceImplementation) {
  for (const Geometry& g : geometries()) {
    OpHarness harness = harness_of(random_case(g));
    for (const std::string& implementation : harness.implementations()) {
      EXPECT_EQ(implementation.find("ref"), std::string::npos) << g.what << ": " << implementation;
    }
  }
}

// A row of the gradient is multiplied whole or by what is not zero, whichever is faster: on integers both are exact.
TEST(Convolution, GradientTowardsAnImageIsExactWhateverIsZero) {
  const Geometry& g = geometry("a picture wide enough for rows to be multiplied whole");
  OpHarness harness = harness_of(naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2), Weights{}));
  const std::vector<std::string> implementations = harness.implementations();
  ASSERT_NE(std::find(implementations.begin(), implementations.end(), "image"), implementations.end());
  for (const size_t nonzero_of_eight : {0, 1, 4, 7, 8}) {
    SCOPED_TRACE(nonzero_of_eight);
    Tensor grad_dst = integer_tensor(harness.dst(), 3);
    ASSERT_GT(grad_dst.shape.w, 16);
    for (size_t i = 0; i < grad_dst.data.size(); ++i)
      if (i * 5 % 8 >= nonzero_of_eight) grad_dst.data[i] = 0;
    const auto expected =
        reference::convolution_backward(grad_dst, g.src, g.window, 1, integer_weights(weight_dims(g), 2));
    EXPECT_TRUE(near_largest(harness.backward(grad_dst.data)[0], expected.data, 0));
  }
}

// One that is not a number must not be lost among the zeros.
TEST(Convolution, GradientTowardsAnImageSkipsNothingButZeros) {
  const Geometry& g = geometry("GoogLeNet's first");
  OpHarness harness = harness_of(naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2), Weights{}));
  const std::vector<std::string> implementations = harness.implementations();
  ASSERT_NE(std::find(implementations.begin(), implementations.end(), "image"), implementations.end());
  Tensor grad_dst = integer_tensor(harness.dst(), 3);
  for (size_t i = 0; i < grad_dst.data.size(); ++i)
    if (i % 7 != 0) grad_dst.data[i] = 0;
  const auto expected =
      reference::convolution_backward(grad_dst, g.src, g.window, 1, integer_weights(weight_dims(g), 2));
  EXPECT_TRUE(near_largest(harness.backward(grad_dst.data)[0], expected.data, 0));
  grad_dst.data[0] = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> gradient = harness.backward(grad_dst.data)[0];
  EXPECT_TRUE(std::isnan(gradient[0]));
  EXPECT_FALSE(std::isnan(gradient.back()));
}

TEST(Convolution, RefusesWhatDoesNotFit) {
  const Weights weights = random_weights({4, 3, 3, 3}, 1);
  EXPECT_THROW(Convolution({.r = 5, .s = 5}, 1, weights, {}), Error);
  EXPECT_THROW(Convolution({.r = 3, .s = 3}, 3, weights, {}), Error);
  EXPECT_THROW(Convolution({.r = 3, .s = 3}, 1, weights, random_weights({3}, 1)), Error);
  const Convolution op({.r = 3, .s = 3}, 1, weights, {});
  const std::vector<TensorInfo> five_channels{{{1, 5, 8, 8}, Layout::channels_last, DType::f32}};
  EXPECT_THROW((void)op.infer(five_channels), Error);
  const std::vector<TensorInfo> too_small{{{1, 3, 2, 8}, Layout::channels_last, DType::f32}};
  EXPECT_THROW((void)op.infer(too_small), Error);
  const Convolution dilated({.r = 3, .s = 3, .dilation_h = 2}, 1, weights, {});
  const std::vector<TensorInfo> four_rows{{{1, 3, 4, 8}, Layout::channels_last, DType::f32}};
  EXPECT_THROW((void)dilated.infer(four_rows), Error) << "the window reaches over five rows";
  EXPECT_NO_THROW((void)op.infer(four_rows));
}

TEST(Convolution, RefusesAWindowOutOfRange) {
  const Weights weights = random_weights({4, 3, 3, 3}, 1);
  const auto refused = [&](WindowAttributes window) {
    window.r = window.s = 3;
    EXPECT_THROW(Convolution(window, 1, weights, {}), Error);
  };
  refused({.pad_top = -1});
  refused({.pad_right = -1});
  refused({.pad_left = int64_t{1} << 40});
  refused({.stride_h = 0});
  refused({.stride_w = -2});
  refused({.dilation_h = 0});
  refused({.dilation_w = int64_t{1} << 40});
}

}  // namespace
}  // namespace phosphene::convolution_test
