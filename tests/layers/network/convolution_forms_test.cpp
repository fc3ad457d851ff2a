// The forms that convolutions of real networks have: dilated, in groups, depthwise, padded along one axis or unevenly, even windows.
#include <algorithm>

#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "tests/layers/network/convolution_geometry.h"

namespace phosphene::convolution_forms_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

WindowAttributes square(int64_t taps, int64_t stride, int64_t pad, int64_t dilation = 1) {
  return {.r = taps,
          .s = taps,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = pad,
          .pad_left = pad,
          .pad_bottom = pad,
          .pad_right = pad,
          .dilation_h = dilation,
          .dilation_w = dilation};
}

const std::vector<ConvolutionSizes>& geometries() {
  static const std::vector<ConvolutionSizes> all{
      {"DeepLab's, dilated", {1, 16, 11, 9}, 16, 1, square(3, 1, 2, 2)},
      {"dilated, odd channels", {2, 5, 9, 12}, 7, 1, square(3, 1, 3, 3)},
      {"an atrous pyramid, wider than the map", {1, 16, 7, 7}, 8, 1, square(3, 1, 12, 12)},
      {"dilated, stride 2", {1, 8, 15, 14}, 8, 1, square(3, 2, 4, 4)},
      {"strides, dilations and paddings differ",
       {2, 4, 12, 17},
       6,
       1,
       {.r = 3,
        .s = 2,
        .stride_h = 2,
        .stride_w = 3,
        .pad_top = 1,
        .pad_left = 0,
        .pad_bottom = 3,
        .pad_right = 2,
        .dilation_h = 3,
        .dilation_w = 4}},
      {"dilated, SAME", {1, 4, 8, 11}, 5, 1, {.r = 3, .s = 4, .same = true, .dilation_h = 2, .dilation_w = 3}},
      {"a dilated window on an image", {1, 3, 17, 15}, 16, 1, square(3, 2, 2, 2)},
      {"a dilated single tap", {1, 8, 5, 5}, 8, 1, square(1, 2, 0, 3)},
      {"depthwise, 58 channels", {2, 58, 9, 8}, 58, 58, square(3, 1, 1)},
      {"depthwise, 58 channels, stride 2", {1, 58, 9, 8}, 58, 58, square(3, 2, 1)},
      {"depthwise, 24 channels, 5x5, stride 2", {1, 24, 11, 12}, 24, 24, square(5, 2, 2)},
      {"depthwise, 5 channels", {1, 5, 9, 8}, 5, 5, square(3, 1, 1)},
      {"depthwise, three channels of an image", {1, 3, 9, 8}, 3, 3, square(3, 1, 1)},
      {"ConvNeXt's, 7x7", {1, 96, 9, 8}, 96, 96, square(7, 1, 3)},
      {"depthwise, dilated", {2, 58, 11, 10}, 58, 58, square(3, 1, 2, 2)},
      {"depthwise, dilated, few channels", {1, 6, 11, 10}, 6, 6, square(3, 1, 2, 2)},
      {"depthwise, dilated, stride 2", {1, 40, 12, 13}, 40, 40, square(5, 2, 4, 2)},
      {"depthwise, dilated, nothing even",
       {2, 33, 12, 13},
       33,
       33,
       {.r = 3,
        .s = 2,
        .stride_h = 3,
        .stride_w = 2,
        .pad_top = 4,
        .pad_left = 1,
        .pad_bottom = 0,
        .pad_right = 3,
        .dilation_h = 2,
        .dilation_w = 5}},
      {"ResNeXt's, groups of 4", {2, 32, 7, 6}, 32, 8, square(3, 1, 1)},
      {"ResNeXt's, groups of 4, stride 2", {1, 32, 7, 6}, 32, 8, square(3, 2, 1)},
      {"an odd number of groups of 4", {1, 20, 7, 6}, 20, 5, square(3, 1, 1)},
      {"groups of 4 and 2, dilated", {1, 32, 9, 8}, 16, 8, square(3, 1, 2, 2)},
      {"RegNet's, groups of 24", {1, 72, 7, 6}, 72, 3, square(3, 2, 1)},
      {"AlexNet's second", {1, 48, 9, 9}, 128, 2, square(5, 1, 2)},
      {"ShuffleNet's first, pointwise in groups", {1, 24, 7, 6}, 60, 3, square(1, 1, 0)},
      {"depthwise, two outputs each, many", {1, 32, 7, 6}, 64, 32, square(3, 1, 1)},
      {"1x7", {1, 8, 5, 12}, 8, 1, {.r = 1, .s = 7, .pad_left = 3, .pad_right = 3}},
      {"7x1", {1, 8, 12, 5}, 8, 1, {.r = 7, .s = 1, .pad_top = 3, .pad_bottom = 3}},
      {"1x7 on an image", {1, 3, 5, 22}, 8, 1, {.r = 1, .s = 7, .pad_left = 3, .pad_right = 3}},
      {"7x1 on an image", {1, 3, 12, 21}, 8, 1, {.r = 7, .s = 1, .pad_top = 3, .pad_bottom = 3}},
      {"2x2", {1, 6, 7, 8}, 5, 1, square(2, 1, 0)},
      {"2x2, padded before", {1, 8, 7, 8}, 8, 1, {.r = 2, .s = 2, .pad_top = 1, .pad_left = 1}},
      {"2x2, padded behind, on an image", {1, 3, 7, 19}, 8, 1, {.r = 2, .s = 2, .pad_bottom = 1, .pad_right = 1}},
      {"ConvNeXt's stem", {2, 3, 16, 24}, 24, 1, square(4, 4, 0)},
      {"patches that leave rows over", {1, 3, 19, 22}, 8, 1, square(4, 4, 0)},
      {"a stride above the window, on an image", {1, 3, 19, 40}, 8, 1, square(2, 4, 0)},
      {"a stride above the window", {1, 8, 19, 17}, 8, 1, square(3, 4, 1)},
      {"1x1, stride 2", {1, 16, 7, 8}, 24, 1, square(1, 2, 0)},
      {"1x1, padded", {1, 16, 5, 4}, 8, 1, square(1, 1, 2)},
      {"1x1, padded, on an image", {1, 3, 5, 18}, 8, 1, square(1, 1, 2)},
      {"padded more than the window", {1, 8, 5, 4}, 8, 1, square(3, 2, 5)},
      {"TensorFlow's stride 2", {1, 3, 12, 20}, 16, 1, {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .same = true}},
      {"stride 2, padded behind",
       {1, 16, 12, 10},
       16,
       1,
       {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .pad_bottom = 1, .pad_right = 1}},
      {"stride 2, padded before",
       {1, 16, 12, 11},
       16,
       1,
       {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .pad_top = 2, .pad_left = 1}},
      {"5x5, stride 2, padded unevenly, in groups",
       {1, 24, 12, 11},
       24,
       3,
       {.r = 5, .s = 5, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 2, .pad_bottom = 2, .pad_right = 1}},
      {"stride 2, padded unevenly, depthwise",
       {1, 24, 12, 11},
       24,
       24,
       {.r = 5, .s = 5, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 2, .pad_bottom = 2, .pad_right = 1}}};
  return all;
}

const ConvolutionSizes& geometry(std::string_view what) {
  return *std::find_if(geometries().begin(), geometries().end(), [&](const auto& g) { return g.what == what; });
}

// A sum of n rounded products is off by about sqrt(n) roundings of 2^-24 of its terms' root of squares, which is at most about
// the largest entry; 4 of those, n <= 128 * 25 / 2 of AlexNet's gradient.
constexpr double kTolerance = 4 * 40 * 0x1p-24;

TEST(ConvolutionForms, EqualNaiveLoops) {
  for (const ConvolutionSizes& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(random_case(g), kTolerance);
  }
}

// Products of integers up to 4, at most 1600 of them: every partial sum is below 2^24 and exact.
TEST(ConvolutionForms, AreExactOnIntegers) {
  for (const ConvolutionSizes& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2), integer_weights({g.k}, 3)), 0);
    expect_naive(naive(g, integer_tensor(g.src, 4), integer_weights(weight_dims(g), 5), Weights{}), 0);
  }
}

// Factors and products are exact, sums as above, and the result is rounded once, by at most half of 2^-7 of itself.
TEST(ConvolutionForms, InBfloat16EqualNaiveLoopsRoundedOnce) {
  PHOSPHENE_BF16();
  for (const ConvolutionSizes& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(bf16_case(g, random_weights({g.k}, 3)), 0x1p-8 + kTolerance);
    expect_adjoint_in_bf16(bf16_case(g, Weights{}));
  }
}

// Linear in its source: the identity holds to the rounding of two sums, 1e-7 each, of terms a few times |Jv||w|.
TEST(ConvolutionForms, GradientIsTheAdjoint) {
  for (const ConvolutionSizes& g : geometries()) {
    SCOPED_TRACE(g.what);
    EXPECT_TRUE(harness_of(random_case(g)).adjoint_identity(1e-6));
  }
}

// Linear: a large step leaves only rounding, 1e-7 of outputs up to about 40 over a step of 0.5.
TEST(ConvolutionForms, GradientEqualsCentralDifferences) {
  for (const ConvolutionSizes& g : geometries()) {
    SCOPED_TRACE(g.what);
    EXPECT_TRUE(harness_of(random_case(g)).central_differences(2e-5, 0.5, 20));
  }
}

TEST(ConvolutionForms, DoNotDependOnThreadsOrBatch) {
  for (const ConvolutionSizes& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_same_bits_for_threads_and_batches(random_case(g));
  }
}

std::vector<std::string> implementations_of(const ConvolutionSizes& g) {
  return harness_of(random_case(g)).implementations();
}

TEST(ConvolutionForms, NeverRunOnTheReferenceImplementation) {
  for (const ConvolutionSizes& g : geometries())
    for (const std::string& implementation : implementations_of(g))
      EXPECT_EQ(implementation.find("ref:"), std::string::npos) << g.what << ": " << implementation;
}

bool none_has(const std::vector<std::string>& all, std::string_view part) {
  return std::none_of(all.begin(), all.end(), [&](const auto& name) { return name.find(part) != std::string::npos; });
}

// What oneDNN 2 has no fast kernel for on AVX2: the gradient of a dilated depthwise convolution, and groups narrower than a vector.
TEST(ConvolutionForms, RunOnWaysOfOurOwnWhereOnednnIsSlow) {
  EXPECT_TRUE(none_has(implementations_of(geometry("ResNeXt's, groups of 4")), "gemm"));
  EXPECT_TRUE(none_has(implementations_of(geometry("ResNeXt's, groups of 4, stride 2")), "gemm"));
  for (const std::string& name : implementations_of(geometry("depthwise, dilated"))) {
    if (name.starts_with("onednn")) {
      EXPECT_NE(name.find("_dw"), std::string::npos) << name;
    }
  }
  EXPECT_FALSE(none_has(implementations_of(geometry("1x7 on an image")), "image"));
}

std::vector<float> in_memory(const Tensor& tensor) {
  std::vector<float> numbers;
  const Shape& s = tensor.shape;
  for (int64_t n = 0; n < s.n; ++n)
    for (int64_t h = 0; h < s.h; ++h)
      for (int64_t w = 0; w < s.w; ++w)
        for (int64_t c = 0; c < s.c; ++c)
          numbers.push_back(static_cast<float>(tensor.data[static_cast<size_t>(tensor.index(n, c, h, w))]));
  return numbers;
}

// A gradient that adds to what is there is a convolution with the window rotated, dilated like the first.
TEST(ConvolutionForms, ADilatedGradientAddsToASum) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(2);
  for (const ConvolutionSizes& g : geometries()) {
    const NaiveCase one = naive(g, integer_tensor(g.src, 1), integer_weights(weight_dims(g), 2), Weights{});
    const std::vector<TensorInfo> src{{g.src, Layout::channels_last, DType::f32}};
    const std::vector<TensorInfo> dst = one.op->infer(src);
    const auto forward = std::get<ConvolutionProblem>(one.op->lower(src, dst));
    ConvolutionBackwardProblem problem{forward.src, forward.dst, forward.window, forward.groups, forward.weights};
    if (!refuse_rotation(problem).empty()) continue;
    problem.addend = true;
    SCOPED_TRACE(g.what);
    const Tensor grad_dst = integer_tensor(forward.dst, 3), addend = integer_tensor(forward.src, 4);
    std::vector<std::vector<float>> memory{in_memory(grad_dst), in_memory(addend)};
    memory.emplace_back(static_cast<size_t>(g.src.elements()), -7.F);
    std::vector<std::byte*> pointers;
    for (auto& numbers : memory) pointers.push_back(reinterpret_cast<std::byte*>(numbers.data()));
    const PlannedTask planned = backend->plan(problem, "a sum");
    const std::unique_ptr<Memory> workspace = backend->allocate(planned.workspace_bytes + 1);
    planned.task->bind(pointers, workspace->data());
    planned.task->run();
    Tensor expected = one.backward(grad_dst, one.src)[0];
    for (size_t i = 0; i < expected.data.size(); ++i) expected.data[i] += addend.data[i];
    EXPECT_TRUE(same_bits(memory.back(), in_memory(expected)));
  }
}

TEST(ConvolutionForms, EqualTheGoldenTable) {
  size_t compared = 0;
  const nlohmann::json table = golden_table("convolutions");
  for (const nlohmann::json& golden : table.at("cases")) {
    if (!golden.at("output_padding").is_null()) continue;
    const Array weights = to_array(golden.at("inputs").at("weight"));
    const auto numbers = [&](const char* key) { return golden.at(key).get<std::vector<int64_t>>(); };
    const auto stride = numbers("stride"), pad = numbers("pad"), dilation = numbers("dilation");
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
    expect_golden(std::make_shared<Convolution>(window, golden.at("groups"), weights.weights(),
                                                to_array(golden.at("inputs").at("bias")).weights()),
                  golden, {"input"}, kTolerance);
    ++compared;
  }
  EXPECT_EQ(compared, 14);
}

}  // namespace
}  // namespace phosphene::convolution_forms_test
