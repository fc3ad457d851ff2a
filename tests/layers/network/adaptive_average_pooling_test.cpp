#include "layers/network/adaptive_average_pooling.h"

#include <cmath>

#include "layers/network/pooling.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"
#include "tests/layers/network/linear_formula.h"

namespace phosphene::adaptive_average_pooling_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

// Bin p of an axis, by PyTorch's formula in real numbers: a share for each element that it covers.
AxisWeights bins_of(int64_t in, int64_t out) {
  AxisWeights weights;
  for (int64_t p = 0; p < out; ++p) {
    const double step = static_cast<double>(in) / static_cast<double>(out), p_real = static_cast<double>(p);
    const auto begin = static_cast<size_t>(std::floor(p_real * step + 1e-9));
    const auto end = static_cast<size_t>(std::ceil((p_real + 1) * step - 1e-9));
    std::vector<double> row(static_cast<size_t>(in));
    for (size_t y = begin; y < end; ++y) row[y] = 1 / static_cast<double>(end - begin);
    weights.push_back(std::move(row));
  }
  return weights;
}

NaiveCase naive(const Shape& src, int64_t rows, int64_t columns) {
  return case_of(std::make_shared<AdaptiveAveragePooling>(rows, columns),
                 separable(src, bins_of(src.h, rows), bins_of(src.w, columns)));
}

// A bin holds at most 9 x 11 elements, and an element lies in at most 3 x 3 bins or is repeated so often: 4 eps sqrt(99) of a sum whose
// terms, not itself, are as large as the largest entry; the shares and the division round twice more.
constexpr double kTolerance = 42 * 0x1p-24;

TEST(AdaptiveAveragePooling, EqualsNaiveLoopsAndItsGradientTheAdjoint) {
  struct Map {
    int64_t h, w, rows, columns;
  };
  for (const Map& map : {Map{4, 4, 7, 7},
                         {9, 9, 7, 7},
                         {14, 7, 7, 7},
                         {9, 11, 1, 1},
                         {5, 7, 5, 7},
                         {5, 7, 3, 2},
                         {1, 1, 3, 2},
                         {2, 11, 5, 4}}) {
    for (const int64_t channels : {1, 3, 17, 58}) {
      SCOPED_TRACE(fmt::format("{}x{} to {}x{}, {} channels", map.h, map.w, map.rows, map.columns, channels));
      expect_linear(naive({3, channels, map.h, map.w}, map.rows, map.columns), kTolerance);
    }
  }
}

TEST(AdaptiveAveragePooling, InBfloat16) {
  PHOSPHENE_BF16();
  expect_adjoint_in_bf16(in_bf16(naive({2, 17, 9, 4}, 7, 7)));
}

// Where bins are of one size it is an ordinary average pooling, to the bit; a single bin is the global one.
TEST(AdaptiveAveragePooling, OfEvenBinsIsAveragePooling) {
  const Shape src{2, 37, 12, 9};
  const WindowAttributes windows[] = {{.r = 4, .s = 3, .stride_h = 4, .stride_w = 3}, {.r = 12, .s = 9}};
  const std::pair<int64_t, int64_t> sizes[] = {{3, 3}, {1, 1}};
  for (size_t i = 0; i < 2; ++i) {
    const NaiveCase adaptive = naive(src, sizes[i].first, sizes[i].second);
    NaiveCase plain = adaptive;
    plain.op = std::make_shared<Pooling>(PoolingKind::average, windows[i], PoolingDivisor::padded, i == 1);
    OpHarness a = harness_of(adaptive), b = harness_of(plain);
    EXPECT_EQ(a.forward(), b.forward());
    const Tensor cotangent = random_tensor(a.dst(), 5);
    EXPECT_EQ(a.backward(cotangent.data), b.backward(cotangent.data));
  }
}

TEST(AdaptiveAveragePooling, EqualsTheGoldenTable) {
  const auto cases = golden_rearrangements("adaptive average pooling");
  EXPECT_EQ(cases.size(), 5U);
  for (const nlohmann::json& golden : cases) {
    const std::vector<int64_t> size = golden.at("size");
    expect_rearrangement(std::make_shared<AdaptiveAveragePooling>(size[0], size[1]), golden, kTolerance);
  }
}

TEST(AdaptiveAveragePooling, RefusesWhatDoesNotFit) {
  EXPECT_THROW(AdaptiveAveragePooling(0, 3), Error);
  EXPECT_THROW(AdaptiveAveragePooling(3, 70000), Error);
  EXPECT_THROW((void)AdaptiveAveragePooling(60000, 1).infer(value_of({1, 1, 40000, 1})), Error);
}

}  // namespace
}  // namespace phosphene::adaptive_average_pooling_test
