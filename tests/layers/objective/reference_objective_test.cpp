#include "layers/objective/reference_objective.h"

#include <cmath>

#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::reference_objective_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

OpHarness harness_of(ReferenceKind kind, const Tensor& src, const Tensor& reference,
                     const std::vector<ReferenceRow>& rows, int threads = 2) {
  return {std::make_shared<ReferenceObjective>(kind),
          {channels_last(src.shape, src.data), fixed(channels_last(reference.shape, reference.data)),
           table(reference_rows(src.shape.n), rows)},
          threads};
}

// The formulas of the kernel's header, in double.
struct Naive {
  std::vector<double> values, gradient;

  Naive(ReferenceKind kind, const Tensor& src, const Tensor& reference, const std::vector<ReferenceRow>& rows) {
    const size_t size = src.data.size() / rows.size();
    for (size_t n = 0; n < rows.size(); ++n) {
      double dot = 0, own = 0, other = 0, distance = 0;
      for (size_t i = n * size; i < (n + 1) * size; ++i) {
        const double a = src.data[i], r = reference.data[i];
        dot += a * r;
        own += a * a;
        other += r * r;
        distance += (a - r) * (a - r);
      }
      const auto weight = static_cast<double>(rows[n].weight);
      const int power = rows[n].power;
      const double norm = std::sqrt(own), cosine = dot / (1e-6 + norm), c = std::max(0.1, cosine);
      values.push_back(kind == ReferenceKind::inversion ? -weight * distance / other
                                                        : weight * dot * std::pow(c, power));
      for (size_t i = n * size; i < (n + 1) * size; ++i) {
        const double a = src.data[i], r = reference.data[i];
        if (kind == ReferenceKind::inversion) {
          gradient.push_back(-2 * weight * (a - r) / other);
        } else if (cosine > 0.1) {
          gradient.push_back(weight * ((power + 1) * std::pow(c, power) * r -
                                       power * dot * std::pow(c, power) * a / (norm * (1e-6 + norm))));
        } else {
          gradient.push_back(weight * std::pow(0.1, power) * r);
        }
      }
    }
  }
};

// Sums over at most 20 lanes' worth of some hundred terms of either sign, and the few products behind them: below 64 roundings.
constexpr double kTolerance = 64 * 0x1p-24;

void expect_naive(ReferenceKind kind, const Shape& shape, const std::vector<ReferenceRow>& rows, unsigned seed) {
  const Tensor src(shape, random_numbers(shape.elements(), seed)),
      reference(shape, random_numbers(shape.elements(), seed + 1));
  const Naive expected(kind, src, reference, rows);
  OpHarness harness = harness_of(kind, src, reference, rows);
  EXPECT_TRUE(near_largest(harness.forward(), expected.values, 4 * kTolerance)) << to_string(shape);
  EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(rows.size(), 1))[0], expected.gradient, 4 * kTolerance))
      << to_string(shape);
}

// Rows short and long, one position, several images with weights and powers of their own.
TEST(ReferenceObjective, EqualsNaiveLoops) {
  for (const ReferenceKind kind : {ReferenceKind::caricature, ReferenceKind::inversion}) {
    expect_naive(kind, {1, 5, 1, 1}, {{1, 1}}, 1);
    expect_naive(kind, {3, 19, 3, 7}, {{1, 0}, {-0.5F, 1}, {2, 2}}, 3);
    expect_naive(kind, {2, 130, 5, 4}, {{1, 2}, {1, 2}}, 5);
  }
}

// A cosine below its floor, and the image that is the reference itself.
TEST(ReferenceObjective, AtItsFloorAndAtItsReference) {
  const Shape shape{1, 7, 2, 3};
  const Tensor src(shape, random_numbers(shape.elements(), 1));
  Tensor away = src;
  for (double& number : away.data) number = -number;
  const Naive floored(ReferenceKind::caricature, src, away, {{1, 2}});
  OpHarness harness = harness_of(ReferenceKind::caricature, src, away, {{1, 2}});
  EXPECT_TRUE(near_largest(harness.forward(), floored.values, kTolerance));
  EXPECT_TRUE(near_largest(harness.backward({1})[0], floored.gradient, kTolerance));
  EXPECT_EQ(harness_of(ReferenceKind::inversion, src, src, {{1, 0}}).forward()[0], 0);
}

// Values near 100 against derivatives near 1 over a step of 1/64: 1e-7 * 100 * 64; the cosine's third derivative is far below.
TEST(ReferenceObjective, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{2, 9, 3, 5};
  const Tensor src(shape, random_numbers(shape.elements(), 2, 0.5, 2)),
      reference(shape, random_numbers(shape.elements(), 3, 0.5, 2));
  for (const ReferenceKind kind : {ReferenceKind::caricature, ReferenceKind::inversion}) {
    OpHarness harness = harness_of(kind, src, reference, {{0.01F, 1}, {0.01F, 2}});
    EXPECT_TRUE(harness.adjoint_identity(1e-3, 0x1p-6));
    EXPECT_TRUE(harness.central_differences(1e-3, 0x1p-4));
  }
}

// The table's tolerance for float32. Its case of two layers is the sum of two such terms.
TEST(ReferenceObjective, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  for (const char* name : {"caricature_p0", "caricature_p1", "caricature_p2", "caricature_two_layers_p1"}) {
    const nlohmann::json& golden = golden_case(objectives, name);
    double value = 0;
    for (size_t layer = 0; layer < golden.at("inputs").size(); ++layer) {
      const Array input = to_array(golden.at("inputs").at(layer));
      const std::string key = golden.at("inputs").size() == 1 ? "reference" : "reference_" + std::to_string(layer + 1);
      const Array reference = to_array(golden.at("constants").at(key));
      const int32_t power = golden.at("params").at("power").get<int32_t>();
      OpHarness harness = harness_of(ReferenceKind::caricature, {input.shape(), input.data},
                                     {reference.shape(), reference.data}, {{1, power}});
      value += harness.forward()[0];
      EXPECT_TRUE(near_largest(harness.backward({1})[0], to_array(golden.at("gradients").at(layer)).data, 1e-5))
          << name;
    }
    EXPECT_NEAR(value, golden.at("value").get<double>(), 1e-5 * golden.at("value").get<double>()) << name;
  }
}

TEST(ReferenceObjective, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{3, 130, 5, 7}, one{1, 130, 5, 7};
  const Tensor src(shape, random_numbers(shape.elements(), 8)), reference(shape, random_numbers(shape.elements(), 9));
  const Tensor last(one, {src.data.end() - one.elements(), src.data.end()});
  const Tensor last_reference(one, {reference.data.end() - one.elements(), reference.data.end()});
  const std::vector<ReferenceRow> rows(3, ReferenceRow{1, 1});
  OpHarness both = harness_of(ReferenceKind::caricature, src, reference, rows);
  OpHarness serial = harness_of(ReferenceKind::caricature, src, reference, rows, 1);
  OpHarness alone = harness_of(ReferenceKind::caricature, last, last_reference, {{1, 1}});
  EXPECT_EQ(both.forward(), serial.forward());
  EXPECT_EQ(both.forward()[2], alone.forward()[0]);
  const std::vector<double> gradient = both.backward({1, 1, 1})[0];
  EXPECT_EQ(gradient, serial.backward({1, 1, 1})[0]);
  EXPECT_EQ(std::vector<double>(gradient.end() - one.elements(), gradient.end()), alone.backward({1})[0]);
}

}  // namespace
}  // namespace phosphene::reference_objective_test
