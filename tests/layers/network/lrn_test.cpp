#include "layers/network/lrn.h"

#include "kernels/lrn.h"
#include "runtime/error.h"
#include "tests/layers/network/oracles.h"
#include "tests/support/widths.h"

namespace phosphene::lrn_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

struct Attributes {
  const char* what;
  Shape src;
  int radius;
  float alpha, beta, k;
};

// The sums of squares move s by several k, so that the second term of the gradient counts as much as the first.
const std::vector<Attributes>& attributes() {
  static const std::vector<Attributes> all{{"GoogLeNet's, with a strong alpha", {2, 64, 3, 5}, 2, 0.5F, 0.75F, 1},
                                           {"fewer channels than the window", {1, 3, 4, 3}, 2, 0.5F, 0.75F, 1},
                                           {"one channel", {2, 1, 3, 3}, 2, 0.5F, 0.75F, 2},
                                           {"Inception 5h's beta", {2, 37, 4, 3}, 5, 0.25F, 0.5F, 2},
                                           {"beta 1", {1, 35, 3, 4}, 1, 0.5F, 1, 1},
                                           {"a beta without a short form", {1, 35, 3, 4}, 3, 0.5F, 0.6F, 1},
                                           {"radius 0", {1, 20, 3, 4}, 0, 0.5F, 0.75F, 1}};
  return all;
}

reference::LrnAttributes in_double(const Attributes& a) { return {a.radius, a.alpha, a.beta, a.k}; }

NaiveCase naive(const Attributes& a, unsigned seed = 1) {
  return {std::make_shared<Lrn>(a.radius, a.alpha, a.beta, a.k),
          {random_tensor(a.src, seed)},
          [=](const auto& s) { return reference::lrn(s[0], in_double(a)); },
          [=](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::lrn_backward(grad_dst, s[0], in_double(a))};
          }};
}

// About ten roundings of 2^-24 (square, up to 11 additions, the power's seven, three products) on two terms.
constexpr double kTolerance = 2 * 10 * 0x1p-24;

TEST(Lrn, EqualsNaiveLoops) {
  for (const Attributes& a : attributes()) {
    SCOPED_TRACE(a.what);
    expect_naive(naive(a), kTolerance);
  }
}

// J v by differences of step 2^-7: rounding 1e-7 / 2^-7 = 1e-5, curvature 2^-14 / 6 = 1e-5 times a third derivative of order 1.
TEST(Lrn, GradientIsTheAdjoint) {
  for (const Attributes& a : attributes()) {
    SCOPED_TRACE(a.what);
    EXPECT_TRUE(harness_of(naive(a)).adjoint_identity(2e-4, 0x1p-7));
  }
}

TEST(Lrn, GradientEqualsCentralDifferences) {
  for (const Attributes& a : attributes()) {
    SCOPED_TRACE(a.what);
    EXPECT_TRUE(harness_of(naive(a)).central_differences(2e-4, 0x1p-7, 80));
  }
}

TEST(Lrn, EqualsTheGoldenTable) {
  const auto cases = golden_layers("lrn");
  ASSERT_EQ(cases.size(), 3U);
  for (const nlohmann::json& golden : cases) {
    const bool divided = golden.at("alpha_is_divided_by_size");
    const int radius =
        golden.contains("size") ? (golden.at("size").get<int>() - 1) / 2 : golden.at("radius").get<int>();
    const double alpha = golden.at("alpha").get<double>() / (divided ? golden.at("size").get<double>() : 1.0);
    const float k = golden.at(golden.contains("k") ? "k" : "bias");
    expect_golden(std::make_shared<Lrn>(radius, static_cast<float>(alpha), golden.at("beta").get<float>(), k), golden,
                  {"input"}, kTolerance);
  }
}

TEST(Lrn, DoesNotDependOnThreadsOrBatch) {
  for (const Attributes& a : attributes()) expect_same_bits_for_threads_and_batches(naive(a, 3));
}

// Rows that are computed at once and channels by themselves; zeros of either sign among them, and what is too wide to be a row at once.
TEST(Lrn, RowsAtOnceAreTheBitsOfSingles) {
  constexpr int kRows = 3;
  for (const int c : {1, 15, 20, 64, 1024, 1025}) {
    for (const int radius : {0, 2, 5, 16, 17}) {
      SCOPED_TRACE(std::to_string(c) + " channels, radius " + std::to_string(radius));
      std::vector<float> src = random_floats(kRows * c, 1), grad_dst = random_floats(kRows * c, 2);
      for (size_t i = 0; i < src.size(); i += 3) src[i] = i % 2 == 0 ? 0.F : -0.F;
      for (size_t i = 0; i < grad_dst.size(); i += 5) grad_dst[i] = i % 2 == 0 ? 0.F : -0.F;
      const LrnWindow<LrnPower::three_quarters> window{c, radius, 0.3F, 0.75F, 1};
      expect_same_bits_at_every_width(kRows, c, kRows * c, [&](std::vector<float>& dst) {
        return NormaliseResponse<LrnPower::three_quarters, float>{src.data(), dst.data(), window};
      });
      expect_same_bits_at_every_width(kRows, c, kRows * c, [&](std::vector<float>& grad_src) {
        return NormaliseResponseBackward<LrnPower::three_quarters, float>{grad_dst.data(), src.data(), grad_src.data(),
                                                                          window};
      });
    }
  }
}

TEST(Lrn, RefusesAPowerOfWhatMayBeNegative) {
  EXPECT_THROW(Lrn(2, -1, 0.75F, 1), Error);
  EXPECT_THROW(Lrn(2, 1, 0.75F, 0), Error);
  EXPECT_THROW(Lrn(-1, 1, 0.75F, 1), Error);
}

}  // namespace
}  // namespace phosphene::lrn_test
