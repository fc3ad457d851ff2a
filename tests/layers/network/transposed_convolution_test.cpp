#include "layers/network/transposed_convolution.h"

#include "runtime/error.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::transposed_convolution_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

struct Geometry {
  const char* what;
  Shape src;
  int64_t k;
  WindowAttributes window;
  int64_t groups = 1;
  OutputPadding more = {};
};

const WindowAttributes kDoubling{
    .r = 4, .s = 4, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};

const std::vector<Geometry>& geometries() {
  static const std::vector<Geometry> all{
      {"a generator's", {2, 16, 5, 7}, 8, kDoubling},
      {"a generator's, few channels", {1, 5, 3, 4}, 3, kDoubling},
      {"one position", {2, 32, 1, 1}, 16, kDoubling},
      {"stride 1", {1, 8, 6, 5}, 8, {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"windows that do not meet", {1, 8, 3, 4}, 8, {.r = 2, .s = 2, .stride_h = 3, .stride_w = 3}},
      {"an output padding of 1, strides differ",
       {1, 4, 5, 6},
       8,
       {.r = 3, .s = 5, .stride_h = 2, .stride_w = 3, .pad_top = 1, .pad_left = 2, .pad_bottom = 0, .pad_right = 1}},
      {"PyTorch's output padding",
       {2, 8, 4, 5},
       8,
       {.r = 3, .s = 3, .stride_h = 2, .stride_w = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1},
       1,
       {1, 2}},
      {"an output padding that no padding makes room for",
       {1, 8, 4, 5},
       5,
       {.r = 2, .s = 2, .stride_h = 2, .stride_w = 2},
       1,
       {1, 1}},
      {"dilated",
       {1, 16, 6, 5},
       8,
       {.r = 3,
        .s = 3,
        .pad_top = 2,
        .pad_left = 2,
        .pad_bottom = 2,
        .pad_right = 2,
        .dilation_h = 2,
        .dilation_w = 2}},
      {"dilated, stride 2, towards an image",
       {1, 8, 6, 5},
       3,
       {.r = 3, .s = 2, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_right = 1, .dilation_h = 2, .dilation_w = 3},
       1,
       {1, 0}},
      {"in groups", {1, 24, 5, 6}, 16, kDoubling, 2},
      {"in groups of 4", {2, 16, 5, 6}, 16, kDoubling, 4},
      {"FCN's, depthwise", {1, 21, 5, 6}, 21, kDoubling, 21},
      {"depthwise, dilated",
       {1, 40, 5, 6},
       40,
       {.r = 3, .s = 3, .stride_h = 2, .stride_w = 1, .pad_top = 1, .pad_left = 2, .dilation_h = 2, .dilation_w = 2},
       40,
       {1, 0}},
      {"patches", {1, 16, 3, 4}, 3, {.r = 4, .s = 4, .stride_h = 4, .stride_w = 4}},
      {"1x1, stride 2", {1, 8, 3, 4}, 8, {.stride_h = 2, .stride_w = 2}, 1, {1, 1}}};
  return all;
}

NaiveCase naive(const Geometry& g, Tensor src, const Weights& weights, const Weights& bias = {}) {
  return {
      std::make_shared<TransposedConvolution>(g.window, weights, g.groups, bias, g.more),
      {std::move(src)},
      [=](const auto& s) { return reference::transposed_convolution(s[0], g.window, weights, g.groups, bias, g.more); },
      [=](const Tensor& grad_dst, const auto& s) {
        return std::vector<Tensor>{
            reference::transposed_convolution_backward(grad_dst, s[0].shape, g.window, weights, g.groups)};
      }};
}

std::vector<int64_t> weight_dims(const Geometry& g) { return {g.src.c, g.k / g.groups, g.window.r, g.window.s}; }

NaiveCase random_case(const Geometry& g) {
  return naive(g, random_tensor(g.src, 1), random_weights(weight_dims(g), 2), random_weights({g.k}, 3));
}

// A sum of n products is off by about sqrt(n) roundings of 2^-24 of its terms' root of squares, which is at most about the largest
// entry; 4 of those. Forward n <= 32 * 4 and a bias, backward n <= 16 * 16.
constexpr double kTolerance = 4 * 16 * 0x1p-24;

// Factors and products are exact, sums as above, and the result is rounded once, by at most half of 2^-7 of itself.
TEST(TransposedConvolution, InBfloat16EqualsNaiveLoopsRoundedOnce) {
  PHOSPHENE_BF16();
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    const Weights weights = rounded(random_weights(weight_dims(g), 2));
    const NaiveCase one = in_bf16(naive(g, random_tensor(g.src, 1), weights));
    expect_naive(one, 0x1p-8 + kTolerance);
    expect_adjoint_in_bf16(one);
    // The sum is rounded before the bias is added, and after it.
    expect_naive(in_bf16(naive(g, random_tensor(g.src, 1), weights, rounded(random_weights({g.k}, 3)))),
                 2 * 0x1p-8 + kTolerance);
  }
}

TEST(TransposedConvolution, EqualsNaiveLoops) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(random_case(g), kTolerance);
  }
}

// Products of integers up to 4, at most 256 of them: every partial sum is below 2^24 and exact.
TEST(TransposedConvolution, IsExactOnIntegers) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2)), 0);
    expect_naive(naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2), integer_weights({g.k}, 3)), 0);
  }
}

TEST(TransposedConvolution, EqualsTheGoldenTable) {
  size_t compared = 0;
  const nlohmann::json table = golden_table("convolutions");
  for (const nlohmann::json& golden : table.at("cases")) {
    if (golden.at("output_padding").is_null()) continue;
    const Array weights = to_array(golden.at("inputs").at("weight"));
    const auto numbers = [&](const char* key) { return golden.at(key).get<std::vector<int64_t>>(); };
    const auto stride = numbers("stride"), pad = numbers("pad"), dilation = numbers("dilation"),
               more = numbers("output_padding");
    const WindowAttributes window{.r = weights.dims[2],
                                  .s = weights.dims[3],
                                  .stride_h = stride[0],
                                  .stride_w = stride[1],
                                  .pad_top = pad[0],
                                  .pad_left = pad[1],
                                  .pad_bottom = pad[2],
                                  .pad_right = pad[3],
                                  .dilation_h = dilation[0],
                                  .dilation_w = dilation[1]};
    expect_golden(std::make_shared<TransposedConvolution>(window, weights.weights(), golden.at("groups"),
                                                          to_array(golden.at("inputs").at("bias")).weights(),
                                                          OutputPadding{more[0], more[1]}),
                  golden, {"input"}, kTolerance);
    ++compared;
  }
  EXPECT_EQ(compared, 4);
}

TEST(TransposedConvolution, NeverRunsOnTheReferenceImplementation) {
  for (const Geometry& g : geometries())
    for (const std::string& implementation : harness_of(random_case(g)).implementations())
      EXPECT_EQ(implementation.find("ref:"), std::string::npos) << g.what << ": " << implementation;
}

// One number spreads the window, not flipped: PyTorch's ConvTranspose2d(1, 1, 4, 2, 1) of a single 1 shows the middle of it.
TEST(TransposedConvolution, LaysDownTheWindow) {
  std::vector<float> taps(16);
  for (size_t i = 0; i < taps.size(); ++i) taps[i] = static_cast<float>(i);
  OpHarness harness(std::make_shared<TransposedConvolution>(kDoubling, Weights::from(taps, {1, 1, 4, 4})),
                    {channels_last({1, 1, 1, 1}, {1})});
  EXPECT_TRUE(same_numbers(harness.forward(), std::vector<double>{5, 6, 9, 10}));
}

// Linear in its source: the identity holds to the rounding of two sums, 1e-7 each, of terms a few times |Jv||w|.
TEST(TransposedConvolution, GradientIsTheAdjoint) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    EXPECT_TRUE(harness_of(random_case(g)).adjoint_identity(1e-6));
  }
}

// Linear: a large step leaves only rounding, 1e-7 of outputs up to about 30 over a step of 0.5.
TEST(TransposedConvolution, GradientEqualsCentralDifferences) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    EXPECT_TRUE(harness_of(random_case(g)).central_differences(2e-5, 0.5, 60));
  }
}

TEST(TransposedConvolution, DoesNotDependOnThreadsOrBatch) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_same_bits_for_threads_and_batches(random_case(g));
  }
}

TEST(TransposedConvolution, RefusesWhatDoesNotFit) {
  const Weights weights = random_weights({3, 4, 3, 3}, 1);
  EXPECT_THROW(TransposedConvolution({.r = 5, .s = 5}, weights), Error);
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3}, weights, 2), Error) << "three channels in two groups";
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3}, weights, 3, random_weights({4}, 1)), Error) << "12 channels";
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3, .same = true}, weights), Error);
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3, .pad_left = -1}, weights), Error);
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3, .stride_h = 2}, weights, 1, {}, {2, 0}), Error);
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3, .stride_h = 2}, weights, 1, {}, {0, 1}), Error);
  EXPECT_THROW(TransposedConvolution({.r = 3, .s = 3, .stride_h = 2}, weights, 1, {}, {-1, 0}), Error);
  const TransposedConvolution op({.r = 3, .s = 3, .pad_top = 2, .pad_bottom = 2}, weights);
  const auto infer = [&](const Shape& shape) {
    const std::vector<TensorInfo> src{{shape, Layout::channels_last, DType::f32}};
    return op.infer(src);
  };
  EXPECT_THROW((void)infer({1, 4, 8, 8}), Error);
  EXPECT_THROW((void)infer({1, 3, 2, 8}), Error) << "the paddings take all";
  EXPECT_EQ(to_string(infer({1, 3, 3, 8})[0].shape), "1x4x1x10");
}

}  // namespace
}  // namespace phosphene::transposed_convolution_test
