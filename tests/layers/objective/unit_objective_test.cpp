#include "layers/objective/unit_objective.h"

#include <numeric>

#include "layers/network/softmax.h"
#include "runtime/error.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::unit_objective_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

OpHarness harness_of(const Tensor& src, const std::vector<UnitRow>& rows, int threads = 2) {
  return {std::make_shared<UnitObjective>(),
          {channels_last(src.shape, src.data), table(unit_rows(src.shape.n), rows)},
          threads};
}

// One row of each kind.
std::vector<UnitRow> one_of_each() {
  return {{.unit = 2, .weight = 0.5F},
          {.unit = 18, .row = 1, .column = 3, .weight = -2},
          {.unit = 0, .weight = 0},
          {.unit = 7, .row = 0, .column = 0, .weight = 3}};
}

// Whole numbers, 32 positions and weights that are powers of two or small: every sum is exact.
TEST(UnitObjective, EqualsNaiveLoopsExactly) {
  const Shape shape{4, 19, 4, 8};
  const Tensor src(shape, random_integers(shape.elements(), 1));
  OpHarness harness = harness_of(src, one_of_each());
  double sum = 0;
  for (int64_t p = 0; p < 32; ++p) sum += src.plane(0, 2)[p];
  const std::vector<double> expected = {0.5 * sum / 32, -2 * src.plane(1, 18)[1 * 8 + 3], 0, 3 * src.plane(3, 7)[0]};
  EXPECT_TRUE(same_numbers(harness.forward(), expected));
  Tensor gradient(shape);
  for (int64_t p = 0; p < 32; ++p) gradient.plane(0, 2)[p] = 0.5 / 32;
  gradient.plane(1, 18)[1 * 8 + 3] = -2;
  gradient.plane(3, 7)[0] = 3;
  EXPECT_TRUE(same_numbers(harness.backward({1, 1, 1, 1})[0], gradient.data));
}

// Linear: only the rounding of values of size 10 over a step of 1/2.
TEST(UnitObjective, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{4, 19, 5, 7};
  OpHarness harness = harness_of({shape, random_numbers(shape.elements(), 2)}, one_of_each());
  EXPECT_TRUE(harness.adjoint_identity(1e-5));
  EXPECT_TRUE(harness.central_differences(1e-5, 0.5, 3000));
}

struct Golden {
  std::string name;
  std::vector<UnitRow> rows;
};

// The batch's mean is a weight of 1 / B; a term of one image alone a weight of 1 there. The table's tolerance for float32.
TEST(UnitObjective, EqualsTheGoldenTable) {
  const auto mean = [](UnitRow row, int images) {
    row.weight = 1.F / static_cast<float>(images);
    return std::vector<UnitRow>(static_cast<size_t>(images), row);
  };
  const nlohmann::json objectives = golden_table("objectives");
  for (const Golden& one :
       {Golden{"channel", mean({.unit = 2}, 2)}, Golden{"channel_batch_index", {{.unit = 2}, {.unit = 2, .weight = 1}}},
        Golden{"channel_rank2", mean({.unit = 1}, 3)},
        Golden{"neuron_odd", mean({.unit = 1, .row = 1, .column = 2}, 2)},
        Golden{"neuron_even", mean({.unit = 3, .row = 2, .column = 3}, 2)},
        Golden{"neuron_at", mean({.unit = 0, .row = 0, .column = 4}, 2)},
        Golden{"class_logit_sum", std::vector<UnitRow>(3, {.unit = 4, .weight = 1})},
        Golden{"joint_channels_per_image", {{.unit = 0, .weight = 1}, {.unit = 1, .weight = -1}}}}) {
    const nlohmann::json golden = golden_case(objectives, one.name);
    const Array input = to_array(golden.at("inputs").at(0));
    OpHarness harness = harness_of({input.shape(), input.data}, one.rows);
    const std::vector<double> values = harness.forward();
    EXPECT_TRUE(near_largest(std::vector<double>{std::accumulate(values.begin(), values.end(), 0.0)},
                             std::vector<double>{golden.at("value").get<double>()}, 1e-5))
        << one.name;
    EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(values.size(), 1.0))[0],
                             to_array(golden.at("gradients").at(0)).data, 1e-5))
        << one.name;
  }
}

// The sum of a batch's probabilities: a softmax in front. The table's tolerance.
TEST(UnitObjective, OfProbabilitiesEqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  const nlohmann::json& golden = golden_case(objectives, "class_probability_sum");
  const Array input = to_array(golden.at("inputs").at(0));
  const auto build = [](Graph& graph, const std::vector<ValueId>& x) {
    const ValueId probabilities = graph.append(std::make_shared<Softmax>(), {x[0]}, "probabilities");
    return std::vector<ValueId>{graph.append(std::make_shared<UnitObjective>(), {probabilities, x[1]}, "value")};
  };
  OpHarness harness(build, true,
                    {channels_last(input.shape(), input.data),
                     table(unit_rows(3), std::vector<UnitRow>(3, {.unit = 4, .weight = 1}))});
  const std::vector<double> values = harness.forward();
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), golden.at("value").get<double>(), 1e-5);
  EXPECT_TRUE(near_largest(harness.backward({1, 1, 1})[0], to_array(golden.at("gradients").at(0)).data, 1e-5));
}

// From one layer's channel to another's: a falling and a rising weight. The table's tolerance.
TEST(UnitObjective, InterpolatedEqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  const nlohmann::json& golden = golden_case(objectives, "channel_interpolate");
  double value = 0;
  for (size_t layer = 0; layer < 2; ++layer) {
    const Array input = to_array(golden.at("inputs").at(layer));
    std::vector<UnitRow> rows;
    for (int n = 0; n < 4; ++n) {
      const float along = static_cast<float>(n) / 3;
      rows.push_back({.unit = layer == 0 ? 1 : 0, .weight = layer == 0 ? 1 - along : along});
    }
    OpHarness harness = harness_of({input.shape(), input.data}, rows);
    const std::vector<double> values = harness.forward();
    value += std::accumulate(values.begin(), values.end(), 0.0);
    EXPECT_TRUE(near_largest(harness.backward({1, 1, 1, 1})[0], to_array(golden.at("gradients").at(layer)).data, 1e-5));
  }
  EXPECT_NEAR(value, golden.at("value").get<double>(), 1e-5);
}

// Images do not see their neighbours, nor the number of threads.
TEST(UnitObjective, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{4, 300, 9, 11}, one{1, 300, 9, 11};
  const Tensor src(shape, random_numbers(shape.elements(), 3));
  const std::vector<double> all = harness_of(src, one_of_each(), 3).forward();
  for (size_t n = 0; n < 4; ++n) {
    const auto size = static_cast<ptrdiff_t>(one.elements());
    const auto first = src.data.begin() + static_cast<ptrdiff_t>(n) * size;
    OpHarness alone = harness_of({one, {first, first + size}}, {one_of_each()[n]}, 1);
    EXPECT_EQ(alone.forward()[0], all[n]);
  }
}

TEST(UnitObjective, RefusesATableOfAnotherSize) {
  const Shape shape{3, 2, 2, 2};
  EXPECT_THROW(harness_of({shape, random_numbers(24, 1)}, {{}, {}, {}, {}}), std::exception);
  EXPECT_THROW(OpHarness(std::make_shared<UnitObjective>(),
                         {channels_last(shape, random_numbers(24, 1)), table(unit_rows(2), std::vector<UnitRow>(2))}),
               Error);
}

}  // namespace
}  // namespace phosphene::unit_objective_test
