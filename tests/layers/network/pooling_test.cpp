#include "layers/network/pooling.h"

#include "runtime/error.h"
#include "runtime/problems/network.h"
#include "tests/layers/network/linear_formula.h"

namespace phosphene::pooling_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

struct Geometry {
  const char* what;
  Shape src;
  WindowAttributes window;
};

const std::vector<Geometry>& geometries() {
  static const std::vector<Geometry> all{
      {"2x2/2", {2, 5, 6, 8}, {.r = 2, .s = 2, .stride_h = 2, .stride_w = 2}},
      {"3x3/2 ceil", {2, 70, 7, 8}, {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .ceil = true}},
      {"3x3/2 ceil, padded",
       {1, 3, 6, 7},
       {.r = 3,
        .s = 3,
        .stride_h = 2,
        .stride_w = 2,
        .pad_top = 1,
        .pad_left = 1,
        .pad_bottom = 1,
        .pad_right = 1,
        .ceil = true}},
      {"3x3/1 padded", {2, 33, 5, 4}, {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {"3x2/2x1, each padding different",
       {1, 4, 9, 7},
       {.r = 3, .s = 4, .stride_h = 2, .stride_w = 1, .pad_top = 2, .pad_left = 0, .pad_bottom = 1, .pad_right = 3}},
      {"SAME", {1, 18, 8, 11}, {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .same = true}},
      {"SAME, stride 1", {1, 2, 5, 5}, {.r = 2, .s = 2, .same = true}},
      {"stride larger than the window, ceil",
       {1, 3, 8, 9},
       {.r = 2, .s = 1, .stride_h = 3, .stride_w = 2, .ceil = true}},
      {"one row", {3, 16, 1, 9}, {.r = 1, .s = 3, .stride_h = 1, .stride_w = 2}}};
  return all;
}

NaiveCase max_case(const Geometry& g, Tensor src) {
  return {std::make_shared<Pooling>(PoolingKind::max, g.window, PoolingDivisor::padded, false),
          {std::move(src)},
          [=](const auto& s) { return reference::max_pooling(s[0], g.window); },
          [=](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::max_pooling_backward(grad_dst, s[0], g.window)};
          }};
}

NaiveCase average_case(const Geometry& g, PoolingDivisor divisor, Tensor src) {
  return {std::make_shared<Pooling>(PoolingKind::average, g.window, divisor, false),
          {std::move(src)},
          [=](const auto& s) { return reference::average_pooling(s[0], g.window, divisor); },
          [=](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::average_pooling_backward(grad_dst, s[0].shape, g.window, divisor)};
          }};
}

// Few whole numbers: full of ties. Sums of at most 12 of them are exact.
TEST(MaxPooling, EqualsNaiveLoopsExactlyTiesIncluded) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    expect_naive(max_case(g, {g.src, random_integers(g.src.elements(), 1, -2, 1)}), 0);
    expect_naive(max_case(g, {g.src, random_integers(g.src.elements(), 2, -9, -8)}),
                 0);  // padding, a zero, must not win
    expect_naive(max_case(g, distinct_tensor(g.src, 3)), 0);
  }
}

// Sources are 1/16 apart and move by at most 1/64: the choices stay, and the op is linear.
TEST(MaxPooling, GradientIsTheAdjointAndTheDifference) {
  for (const Geometry& g : geometries()) {
    SCOPED_TRACE(g.what);
    OpHarness harness = harness_of(max_case(g, distinct_tensor(g.src, 3)));
    EXPECT_TRUE(harness.adjoint_identity(1e-6, 0x1p-6));
    EXPECT_TRUE(harness.central_differences(1e-6, 0x1p-6, 80));
  }
}

// At most 12 additions and one division: 4 roundings of 2^-24, of terms as large as the largest entry.
constexpr double kTolerance = 4 * 4 * 0x1p-24;

TEST(AveragePooling, EqualsNaiveLoops) {
  for (const PoolingDivisor divisor : {PoolingDivisor::padded, PoolingDivisor::inside}) {
    for (const Geometry& g : geometries()) {
      SCOPED_TRACE(g.what);
      expect_naive(average_case(g, divisor, random_tensor(g.src, 4)), kTolerance);
    }
  }
}

// Linear: rounding alone, 1e-7 of outputs up to 2 over a step of 0.5.
TEST(AveragePooling, GradientIsTheAdjointAndTheDifference) {
  for (const PoolingDivisor divisor : {PoolingDivisor::padded, PoolingDivisor::inside}) {
    for (const Geometry& g : geometries()) {
      SCOPED_TRACE(g.what);
      OpHarness harness = harness_of(average_case(g, divisor, random_tensor(g.src, 5)));
      EXPECT_TRUE(harness.adjoint_identity(1e-6));
      EXPECT_TRUE(harness.central_differences(1e-5, 0.5, 80));
    }
  }
}

WindowAttributes golden_window(const nlohmann::json& golden) {
  if (!golden.contains("kernel")) return {};
  const int64_t taps = golden.at("kernel"), stride = golden.at("stride"), pad = golden.at("pad");
  return {.r = taps,
          .s = taps,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = pad,
          .pad_left = pad,
          .pad_bottom = pad,
          .pad_right = pad,
          .ceil = golden.at("ceil")};
}

TEST(MaxPooling, EqualsTheGoldenTableExactly) {
  const auto cases = golden_layers("maxpool");
  EXPECT_GT(cases.size(), 9U);
  for (const nlohmann::json& golden : cases) {
    expect_golden(std::make_shared<Pooling>(PoolingKind::max, golden_window(golden), PoolingDivisor::padded, false),
                  golden, {"input"}, 0);
  }
}

TEST(AveragePooling, EqualsTheGoldenTable) {
  const auto cases = golden_layers("avgpool");
  EXPECT_EQ(cases.size(), 4U);
  for (const nlohmann::json& golden : cases) {
    const bool global = !golden.contains("kernel");
    expect_golden(
        std::make_shared<Pooling>(PoolingKind::average, golden_window(golden), PoolingDivisor::padded, global), golden,
        {"input"}, kTolerance);
  }
}

// PyTorch's and ONNX Runtime's ceil_mode: the divisor counts padding or does not, never what hangs over behind it, and a window that
// would start there is left out.
TEST(AveragePooling, EqualsTheGoldenTableWhereWindowsHangOver) {
  const auto cases = golden_rearrangements("average pooling");
  EXPECT_EQ(cases.size(), 34U);
  for (const nlohmann::json& golden : cases) {
    const int64_t taps = golden.at("kernel"), stride = golden.at("stride");
    const std::vector<int64_t> pad = golden.at("pad");
    const WindowAttributes window{taps, taps, stride, stride, pad[0], pad[1], pad[2], pad[3], false, golden.at("ceil")};
    const PoolingDivisor divisor = golden.at("divisor") == "inside" ? PoolingDivisor::inside : PoolingDivisor::padded;
    expect_rearrangement(std::make_shared<Pooling>(PoolingKind::average, window, divisor, false), golden, kTolerance);
  }
}

TEST(MaxPooling, GlobalEqualsTheGoldenTableExactly) {
  const auto cases = golden_rearrangements("global max pooling");
  ASSERT_EQ(cases.size(), 1U);
  expect_rearrangement(std::make_shared<Pooling>(PoolingKind::max, WindowAttributes{}, PoolingDivisor::padded, true),
                       cases[0], 0);
}

// The last tap of 256 is number 255, the largest that a byte holds.
TEST(MaxPooling, Chooses256TapsRightly) {
  const Shape shape{3, 17, 16, 16};
  NaiveCase one = max_case({"16x16", shape, {.r = 16, .s = 16}}, distinct_tensor(shape, 4));
  for (int64_t plane = 0; plane < shape.n * shape.c; ++plane)  // the maximum of every third is the last
    if (plane % 3 == 0) one.src[0].data[static_cast<size_t>(plane * 256 + 255)] = 5000;
  expect_naive(one, 0);
  one.op = std::make_shared<Pooling>(PoolingKind::max, WindowAttributes{}, PoolingDivisor::padded, true);
  expect_naive(one, 0);
}

// A network trained at 224 pooled its last map of 7 x 7 whole; a global pooling does so at any size.
TEST(AveragePooling, GlobalTakesTheWholeMapOfAnySize) {
  for (const Shape& shape : {Shape{2, 19, 7, 7}, Shape{1, 19, 4, 9}}) {
    const NaiveCase one{
        std::make_shared<Pooling>(PoolingKind::average, WindowAttributes{.r = 7, .s = 7}, PoolingDivisor::padded, true),
        {random_tensor(shape, 6)},
        [](const auto& s) {
          return reference::average_pooling(s[0], {.r = s[0].shape.h, .s = s[0].shape.w}, PoolingDivisor::padded);
        },
        [](const Tensor& grad_dst, const auto& s) {
          const WindowAttributes whole{.r = s[0].shape.h, .s = s[0].shape.w};
          return std::vector<Tensor>{
              reference::average_pooling_backward(grad_dst, s[0].shape, whole, PoolingDivisor::padded)};
        }};
    expect_naive(one, kTolerance);
  }
}

// The maxima stay what they are; back passes the gradient of an average over the taps inside the image.
TEST(MaxPooling, SmoothedPassesAnAveragesGradient) {
  for (const Geometry& g : geometries()) {
    NaiveCase one = max_case(g, distinct_tensor(g.src, 9));
    one.op = std::make_shared<Pooling>(PoolingKind::max, g.window, PoolingDivisor::padded, false, true);
    one.backward = average_case(g, PoolingDivisor::inside, one.src[0]).backward;
    expect_naive(one, kTolerance);
  }
}

TEST(Pooling, DoesNotDependOnThreadsOrBatch) {
  for (const Geometry& g : geometries()) {
    expect_same_bits_for_threads_and_batches(max_case(g, random_tensor(g.src, 7)));
    expect_same_bits_for_threads_and_batches(average_case(g, PoolingDivisor::inside, random_tensor(g.src, 8)));
  }
}

TEST(Pooling, RefusesWhatDoesNotFit) {
  const auto pooling = [](const WindowAttributes& window, bool global = false) {
    return Pooling(PoolingKind::max, window, PoolingDivisor::padded, global);
  };
  EXPECT_THROW(pooling({.r = 2, .s = 2, .pad_top = 2}), Error);
  const std::vector<TensorInfo> map{{{1, 3, 17, 17}, Layout::channels_last, DType::f32}};
  EXPECT_THROW((void)pooling({.r = 18, .s = 2}).infer(map), Error);
  EXPECT_THROW((void)pooling({}, true).infer(map), Error);  // 289 taps: an index does not fit into a byte
}

}  // namespace
}  // namespace phosphene::pooling_test
