#include "layers/network/resize.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/error.h"
#include "tests/layers/network/linear_formula.h"

namespace phosphene::resize_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

// A place along an axis as an exact fraction, from the formulas in layers/network/resize.h; s = out / in.
struct Place {
  int64_t numerator, denominator;
};
Place place_of(int64_t p, int64_t in, int64_t out, ResizeCoordinates coordinates) {
  switch (coordinates) {
    case ResizeCoordinates::half_pixel:
      return {(2 * p + 1) * in - out, 2 * out};
    case ResizeCoordinates::pytorch_half_pixel:
      return out == 1 ? Place{0, 1} : Place{(2 * p + 1) * in - out, 2 * out};
    case ResizeCoordinates::align_corners:
      return out == 1 ? Place{0, 1} : Place{p * (in - 1), out - 1};
    case ResizeCoordinates::asymmetric:
      return {p * in, out};
    case ResizeCoordinates::tf_half_pixel_for_nn:
      return {(2 * p + 1) * in, 2 * out};
  }
  return {0, 0};
}

int64_t floor_of(const Place& at) {
  return at.numerator / at.denominator - (at.numerator % at.denominator < 0 ? 1 : 0);
}

int64_t nearest(const Place& at, ResizeRounding rounding) {
  const int64_t below = floor_of(at), twice = 2 * (at.numerator - below * at.denominator);
  switch (rounding) {
    case ResizeRounding::floor:
      return below;
    case ResizeRounding::ceil:
      return twice > 0 ? below + 1 : below;
    case ResizeRounding::round_prefer_floor:
      return twice > at.denominator ? below + 1 : below;
    case ResizeRounding::round_prefer_ceil:
      return twice >= at.denominator ? below + 1 : below;
  }
  return 0;
}

AxisWeights weights_of(int64_t in, int64_t out, const ResizeAttributes& a) {
  AxisWeights weights;
  for (int64_t p = 0; p < out; ++p) {
    std::vector<double> row(static_cast<size_t>(in));
    const auto add = [&](int64_t y, double weight) {
      row[static_cast<size_t>(std::clamp<int64_t>(y, 0, in - 1))] += weight;
    };
    const Place at = place_of(p, in, out, a.coordinates);
    if (a.mode == ResizeMode::nearest) {
      add(nearest(at, a.rounding), 1);
    } else {
      const double upper =
          static_cast<double>(at.numerator) / static_cast<double>(at.denominator) - static_cast<double>(floor_of(at));
      add(floor_of(at), 1 - upper);
      add(floor_of(at) + 1, upper);
    }
    weights.push_back(std::move(row));
  }
  return weights;
}

NaiveCase naive(const Shape& src, ResizeAttributes a, int64_t rows, int64_t columns, bool by_factor = false) {
  const LinearFormula formula = separable(src, weights_of(src.h, rows, a), weights_of(src.w, columns, a));
  if (by_factor) {
    a.factor_h = static_cast<double>(rows) / static_cast<double>(src.h);
    a.factor_w = static_cast<double>(columns) / static_cast<double>(src.w);
  } else {
    a.rows = rows;
    a.columns = columns;
  }
  return case_of(std::make_shared<Resize>(a), formula);
}

constexpr ResizeCoordinates kCoordinates[] = {ResizeCoordinates::half_pixel, ResizeCoordinates::pytorch_half_pixel,
                                              ResizeCoordinates::align_corners, ResizeCoordinates::asymmetric,
                                              ResizeCoordinates::tf_half_pixel_for_nn};
constexpr ResizeStep kSteps[] = {ResizeStep::quotient, ResizeStep::product};

// Enlarging and shrinking by powers of two, whose places float32 has: also those in the middle between two.
TEST(Resize, NearestEqualsNaiveLoopsExactly) {
  for (const ResizeCoordinates coordinates : kCoordinates) {
    if (coordinates == ResizeCoordinates::align_corners) continue;  // its places are no such numbers
    for (const ResizeRounding rounding : {ResizeRounding::floor, ResizeRounding::ceil,
                                          ResizeRounding::round_prefer_floor, ResizeRounding::round_prefer_ceil}) {
      for (const ResizeStep step : kSteps) {
        for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{12, 16}, {3, 2}, {24, 1}, {6, 8}}) {
          SCOPED_TRACE(fmt::format("coordinates {} rounding {} step {} to {}x{}", static_cast<int>(coordinates),
                                   static_cast<int>(rounding), static_cast<int>(step), rows, columns));
          const ResizeAttributes a{ResizeMode::nearest, coordinates, rounding, step};
          expect_naive(naive({2, 33, 6, 8}, a, rows, columns, true), 0);
        }
      }
    }
  }
}

TEST(Resize, LinearEqualsNaiveLoopsExactlyWhereWeightsAre) {
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{12, 16}, {3, 4}, {24, 8}}) {
    for (const ResizeStep step : kSteps) {
      ResizeAttributes a{ResizeMode::linear, ResizeCoordinates::half_pixel};
      a.step = step;
      NaiveCase one = naive({2, 17, 6, 8}, a, rows, columns, true);
      one.src[0] = integer_tensor(one.src[0].shape, 3);
      expect_naive(one, 0);
    }
  }
}

// Sizes that divide nothing, larger, smaller and one of each; channels that fill no vector; a batch of three. A place below 16 is off
// by three roundings, 3 * 16 eps, and so is a weight along each axis; it weighs a difference of up to twice the largest entry. With
// six roundings of the interpolation 2 * 2 * 48 + 6 < 200. A gradient's sums have as many such terms as weigh 1 together, times the
// enlargement: at most 5, which add like a random walk.
constexpr double kLinearTolerance = 200 * 0x1p-24;

TEST(Resize, EqualsNaiveLoopsAndItsGradientTheAdjoint) {
  for (const ResizeCoordinates coordinates : kCoordinates) {
    for (const ResizeStep step : kSteps) {
      for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{13, 11}, {3, 5}, {9, 1}, {1, 23}}) {
        for (const int64_t channels : {1, 3, 17, 58}) {
          SCOPED_TRACE(fmt::format("coordinates {} step {} to {}x{}, {} channels", static_cast<int>(coordinates),
                                   static_cast<int>(step), rows, columns, channels));
          ResizeAttributes a{ResizeMode::linear, coordinates};
          a.step = step;
          expect_linear(naive({3, channels, 5, 7}, a, rows, columns), kLinearTolerance);
        }
      }
    }
  }
}

TEST(Resize, NearestToSizesThatDivideNothing) {
  for (const ResizeCoordinates coordinates : {ResizeCoordinates::asymmetric, ResizeCoordinates::tf_half_pixel_for_nn})
    for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{13, 11}, {3, 4}, {9, 1}, {1, 23}})
      expect_linear(naive({3, 17, 5, 7}, {ResizeMode::nearest, coordinates, ResizeRounding::floor, ResizeStep::product},
                          rows, columns),
                    0);
}

// Who reads an element is found by a guess that is corrected: sums of ones by all elements of dst, whatever the scale.
TEST(Resize, GradientReachesEveryReaderAtAnyScale) {
  for (const ResizeMode mode : {ResizeMode::nearest, ResizeMode::linear}) {
    for (const ResizeCoordinates coordinates : kCoordinates) {
      for (const auto& [in, out] :
           {std::pair<int64_t, int64_t>{1, 50}, {2, 301}, {3, 1000}, {1000, 3}, {299, 300}, {300, 299}, {97, 1}}) {
        SCOPED_TRACE(fmt::format("coordinates {} mode {}: {} to {}", static_cast<int>(coordinates),
                                 static_cast<int>(mode), in, out));
        ResizeAttributes a{mode, coordinates};
        a.rows = out;
        a.columns = 1;
        OpHarness harness(std::make_shared<Resize>(a), {channels_last({1, 1, in, 1}, random_numbers(in, 1))});
        const std::vector<double> gradient = harness.backward(std::vector<double>(static_cast<size_t>(out), 1))[0];
        // Weights of one element add to 1, of all to `out`. In float32 1 - w is off by eps, a sum of up to 2 * 500 by a walk.
        EXPECT_NEAR(std::accumulate(gradient.begin(), gradient.end(), 0.0), static_cast<double>(out),
                    1e-6 * static_cast<double>(out));
        EXPECT_TRUE(harness.adjoint_identity(1e-6));
      }
    }
  }
}

TEST(Resize, InBfloat16) {
  PHOSPHENE_BF16();
  expect_naive(in_bf16(naive({2, 17, 6, 8}, {ResizeMode::nearest, ResizeCoordinates::asymmetric, ResizeRounding::floor},
                             12, 16)),
               0x1p-8);  // a gradient is the rounded sum of four
  expect_adjoint_in_bf16(in_bf16(naive({2, 17, 5, 7}, {ResizeMode::linear}, 13, 11)));
}

template <class Enum>
Enum value_of_word(const std::vector<std::string>& words, const std::string& word) {
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) - words.begin());
}

ResizeAttributes golden_attributes(const nlohmann::json& golden) {
  ResizeAttributes a;
  a.mode = golden.at("mode") == "linear" ? ResizeMode::linear : ResizeMode::nearest;
  a.coordinates = value_of_word<ResizeCoordinates>(
      {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"},
      golden.at("coordinates"));
  a.rounding = value_of_word<ResizeRounding>({"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"},
                                             golden.at("rounding"));
  a.step = golden.at("step") == "product" ? ResizeStep::product : ResizeStep::quotient;
  if (golden.contains("size")) {
    a.rows = golden.at("size").at(0);
    a.columns = golden.at("size").at(1);
  } else {
    a.factor_h = golden.at("factors").at(0);
    a.factor_w = golden.at("factors").at(1);
  }
  return a;
}

// Both sides round as kLinearTolerance says.
TEST(Resize, EqualsTheGoldenTable) {
  const auto cases = golden_rearrangements("resize");
  EXPECT_GT(cases.size(), 60U);
  for (const nlohmann::json& golden : cases) {
    const ResizeAttributes a = golden_attributes(golden);
    expect_rearrangement(std::make_shared<Resize>(a), golden, a.mode == ResizeMode::nearest ? 0 : 2 * kLinearTolerance);
  }
}

TEST(Resize, RefusesWhatDoesNotFit) {
  const auto resize = [](int64_t rows, int64_t columns, double factor_h, double factor_w) {
    return ResizeAttributes{ResizeMode::linear,
                            ResizeCoordinates::half_pixel,
                            ResizeRounding::floor,
                            ResizeStep::quotient,
                            rows,
                            columns,
                            factor_h,
                            factor_w};
  };
  EXPECT_THROW(Resize(resize(0, 0, 0, 0)), Error);
  EXPECT_THROW(Resize(resize(0, 5, 0, 0)), Error);
  EXPECT_THROW(Resize(resize(5, 5, 2, 2)), Error);
  EXPECT_THROW(Resize(resize(0, 0, 2, -1)), Error);
  EXPECT_THROW(Resize(resize(0, 0, 2, std::nan(""))), Error);
  EXPECT_THROW(Resize(resize(70000, 1, 0, 0)), Error);
  EXPECT_TRUE(refused([&] { (void)Resize(resize(0, 0, 0.1, 1)).infer(value_of({1, 2, 9, 9})); }, {"0.1", "9 rows"}));
  EXPECT_THROW((void)Resize(resize(0, 0, 60000, 1)).infer(value_of({1, 2, 9, 9})), Error);
}

}  // namespace
}  // namespace phosphene::resize_test
