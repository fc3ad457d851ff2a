#include "layers/network/pad.h"

#include <algorithm>
#include <limits>

#include "runtime/error.h"
#include "tests/layers/network/linear_formula.h"

namespace phosphene::pad_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

// Row p of the axis: a 1 where it reads, found by walking from element to element and turning at the ends.
AxisWeights walked(int64_t in, int64_t before, int64_t after, PadRule rule) {
  AxisWeights weights;
  for (int64_t t = -before; t < in + after; ++t) {
    std::vector<double> row(static_cast<size_t>(in));
    int64_t at = std::clamp<int64_t>(t, 0, in - 1);
    if (rule == PadRule::reflect)
      for (int64_t step = std::abs(t - at), way = t < 0 ? 1 : -1; step > 0; --step) at += way;
    if (at == t || rule != PadRule::constant) row[static_cast<size_t>(at)] = 1;
    weights.push_back(std::move(row));
  }
  return weights;
}

NaiveCase naive(const Shape& src, const Paddings& p, PadRule rule, float value) {
  LinearFormula formula = separable(src, walked(src.h, p.top, p.bottom, rule), walked(src.w, p.left, p.right, rule));
  formula.elsewhere = value;
  return case_of(std::make_shared<Pad>(p, rule, value), formula);
}

TEST(Pad, EqualsNaiveLoopsAndItsGradientTheAdjoint) {
  const Paddings paddings[] = {{1, 1, 1, 1}, {3, 0, 2, 4},   {0, 2, 4, 1},  {4, 6, 4, 6},
                               {0, 0, 0, 0}, {-1, 2, 3, -2}, {2, -3, -1, 1}};
  for (const PadRule rule : {PadRule::constant, PadRule::reflect, PadRule::edge}) {
    for (const Paddings& p : paddings) {
      for (const int64_t channels : {1, 3, 17, 58}) {
        SCOPED_TRACE(fmt::format("rule {}, {} {} {} {}, {} channels", static_cast<int>(rule), p.top, p.left, p.bottom,
                                 p.right, channels));
        expect_linear(naive({3, channels, 5, 7}, p, rule, rule == PadRule::constant && p.top > 1 ? 0.75F : 0), 0);
      }
    }
  }
}

TEST(Pad, CropsAndRepeatsASingleElement) {
  for (const PadRule rule : {PadRule::constant, PadRule::reflect, PadRule::edge})
    for (const Paddings& p : {Paddings{-2, -1, -1, -3}, {-4, 0, 0, -6}, {0, -6, -4, 0}})
      expect_linear(naive({3, 33, 5, 7}, p, rule, 0), 0);
  expect_linear(naive({3, 5, 1, 1}, {2, 3, 1, 0}, PadRule::edge, 0), 0);
  expect_linear(naive({3, 5, 2, 2}, {1, 1, 1, 1}, PadRule::reflect, 0), 0);
  EXPECT_EQ(Pad({-1, 0, 0, -1}, PadRule::constant).kind(), "crop");
  EXPECT_EQ(Pad({-1, 0, 0, 1}, PadRule::constant).kind(), "padding");
}

// An element is the sum of up to nine, which may round: to within expect_adjoint_in_bf16's bound.
TEST(Pad, InBfloat16) {
  PHOSPHENE_BF16();
  for (const PadRule rule : {PadRule::constant, PadRule::reflect, PadRule::edge})
    expect_adjoint_in_bf16(in_bf16(naive({2, 17, 5, 7}, {3, 2, 2, 4}, rule, 0)));
}

TEST(Pad, EqualsTheGoldenTableExactly) {
  const std::map<std::string, PadRule> rules = {
      {"constant", PadRule::constant}, {"reflect", PadRule::reflect}, {"edge", PadRule::edge}};
  const auto cases = golden_rearrangements("pad");
  EXPECT_EQ(cases.size(), 7U);
  for (const nlohmann::json& golden : cases) {
    const std::vector<int64_t> p = golden.at("pad");
    // Gradients of a multiple of 2^-10 below 2: sums of nine are exact.
    expect_rearrangement(std::make_shared<Pad>(Paddings{p[0], p[1], p[2], p[3]}, rules.at(golden.at("rule")),
                                               golden.value("value", 0.F)),
                         golden, 0);
  }
}

TEST(Pad, RefusesWhatDoesNotFit) {
  const auto infer = [](const Paddings& p, PadRule rule) { return Pad(p, rule).infer(value_of({1, 2, 3, 4})); };
  EXPECT_NO_THROW(infer({2, 3, 2, 3}, PadRule::reflect));
  EXPECT_THROW(infer({3, 0, 0, 0}, PadRule::reflect), Error);
  EXPECT_THROW(infer({0, 0, 0, 4}, PadRule::reflect), Error);
  EXPECT_THROW(infer({-1, 0, 2, 0}, PadRule::reflect), Error);  // two rows are left
  EXPECT_NO_THROW(infer({3, 0, 0, 4}, PadRule::edge));
  EXPECT_THROW(infer({-3, 0, 0, 0}, PadRule::constant), Error);
  EXPECT_THROW(infer({-3, 0, 5, 0}, PadRule::edge), Error);
  EXPECT_THROW(infer({0, -2, 0, -2}, PadRule::constant), Error);
  EXPECT_THROW(Pad({0, 70000, 0, 0}, PadRule::constant), Error);
  EXPECT_THROW(Pad({1, 1, 1, 1}, PadRule::constant, std::numeric_limits<float>::infinity()), Error);
}

}  // namespace
}  // namespace phosphene::pad_test
