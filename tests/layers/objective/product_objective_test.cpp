#include "layers/objective/product_objective.h"

#include <numeric>

#include "layers/network/add.h"
#include "layers/objective/layer_objective.h"
#include "layers/objective/unit_objective.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::product_objective_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

// The product of two units of one activation, over groups.
OpHarness harness_of(const Tensor& src, int64_t group, const std::vector<UnitRow>& a, const std::vector<UnitRow>& b,
                     float weight, int threads = 2) {
  const int64_t n = src.shape.n;
  return {[group](Graph& graph, const std::vector<ValueId>& operands) {
            const auto unit = std::make_shared<UnitObjective>(true);
            const ValueId first = graph.append(unit, {operands[0], operands[1]}, "a");
            const ValueId second = graph.append(unit, {operands[0], operands[2]}, "b");
            return graph.append_all(std::make_shared<ProductObjective>(group), {first, second, operands[3]}, "product");
          },
          true,
          {channels_last(src.shape, src.data), table(unit_rows(n), a), table(unit_rows(n), b),
           table(product_rows(n), std::vector<ProductRow>(static_cast<size_t>(n), ProductRow{weight}))},
          threads};
}

double mean_of(const Tensor& src, int64_t n, int64_t c) {
  const int64_t positions = src.shape.h * src.shape.w;
  return std::accumulate(src.plane(n, c), src.plane(n, c) + positions, 0.0) / static_cast<double>(positions);
}

// Means of 20 numbers, then a handful of products and sums of at most three: below 32 roundings of the largest.
TEST(ProductObjective, EqualsNaiveLoops) {
  for (const int64_t group : {1, 3}) {
    const Shape shape{6, 5, 4, 5};
    const Tensor src(shape, random_numbers(shape.elements(), 1, 0, 2));
    const std::vector<UnitRow> a(6, {.unit = 1, .weight = 2}), b(6, {.unit = 4, .row = 2, .column = 3, .weight = -1});
    std::vector<double> values, gradient(src.data.size());
    for (int64_t n = 0; n < 6; ++n) {
      double sum_a = 0, sum_b = 0;
      for (int64_t j = n / group * group; j < n / group * group + group; ++j) {
        sum_a += 2 * mean_of(src, j, 1);
        sum_b -= src.plane(j, 4)[2 * 5 + 3];
      }
      values.push_back(3 * (2 * mean_of(src, n, 1) * sum_b - src.plane(n, 4)[13] * sum_a) / 2);
      for (int64_t p = 0; p < 20; ++p) gradient[static_cast<size_t>((n * 5 + 1) * 20 + p)] = 3 * sum_b * 2 / 20;
      gradient[static_cast<size_t>((n * 5 + 4) * 20 + 13)] = -3 * sum_a;
    }
    OpHarness harness = harness_of(src, group, a, b, 3);
    EXPECT_TRUE(near_largest(harness.forward(), values, 32 * 0x1p-24)) << group;
    EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(6, 1))[0], gradient, 32 * 0x1p-24)) << group;
  }
}

// Bilinear: central differences are exact but for rounding, 1e-7 of values near 1 over a step of 1/4 against derivatives near 1/20.
TEST(ProductObjective, GradientIsTheDifference) {
  const Shape shape{4, 3, 4, 5};
  const Tensor src(shape, random_numbers(shape.elements(), 2, 0, 2));
  const std::vector<UnitRow> a(4, {.unit = 0, .weight = 1}), b(4, {.unit = 2, .weight = 1});
  EXPECT_TRUE(harness_of(src, 2, a, b, 1).central_differences(1e-4, 0.25));
}

// 1.5 channel(0) - .25 deepdream + 2 channel(1) channel(2) of two images: terms of every sort in one sum. The table's tolerance.
TEST(ProductObjective, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  const nlohmann::json& golden = golden_case(objectives, "sum_of_terms");
  const Array input = to_array(golden.at("inputs").at(0));
  const std::vector<UnitRow> first(2, {.unit = 0, .weight = 0.75F}), a(2, {.unit = 1, .weight = 0.5F}),
      b(2, {.unit = 2, .weight = 0.5F});
  const auto build = [](Graph& graph, const std::vector<ValueId>& x) {
    const auto factor = std::make_shared<UnitObjective>(true);
    const ValueId channel = graph.append(std::make_shared<UnitObjective>(), {x[0], x[1]}, "channel");
    const ValueId layer = graph.append(std::make_shared<LayerObjective>(), {x[0], x[2]}, "layer");
    const ValueId one = graph.append(factor, {x[0], x[3]}, "a"), other = graph.append(factor, {x[0], x[4]}, "b");
    const ValueId product =
        graph.append_all(std::make_shared<ProductObjective>(2), {one, other, x[5]}, "product").front();
    return std::vector<ValueId>{append_sum(graph, {channel, layer, product}, "sum")};
  };
  OpHarness harness(build, true,
                    {channels_last(input.shape(), input.data), table(unit_rows(2), first),
                     table(layer_rows(2), std::vector<LayerRow>(2, {-0.125F})), table(unit_rows(2), a),
                     table(unit_rows(2), b), table(product_rows(2), std::vector<ProductRow>(2, {2}))});
  const std::vector<double> values = harness.forward();
  EXPECT_TRUE(near_largest(std::vector<double>{values[0] + values[1]},
                           std::vector<double>{golden.at("value").get<double>()}, 1e-5));
  EXPECT_TRUE(near_largest(harness.backward({1, 1})[0], to_array(golden.at("gradients").at(0)).data, 1e-5));
}

TEST(ProductObjective, DoesNotDependOnThreadsOrOtherGroups) {
  const Shape shape{4, 3, 12, 13}, two{2, 3, 12, 13};
  const Tensor src(shape, random_numbers(shape.elements(), 3));
  const Tensor last(two, {src.data.end() - two.elements(), src.data.end()});
  const std::vector<UnitRow> a(4, {.unit = 0, .weight = 1}), b(4, {.unit = 2, .weight = 1});
  OpHarness all = harness_of(src, 2, a, b, 1, 3);
  OpHarness alone = harness_of(last, 2, {a[0], a[1]}, {b[0], b[1]}, 1, 1);
  const std::vector<double> values = all.forward(), gradient = all.backward({1, 1, 1, 1})[0];
  EXPECT_EQ(std::vector<double>(values.end() - 2, values.end()), alone.forward());
  EXPECT_EQ(std::vector<double>(gradient.end() - two.elements(), gradient.end()), alone.backward({1, 1})[0]);
}

}  // namespace
}  // namespace phosphene::product_objective_test
