#include "layers/objective/layer_objective.h"

#include <numeric>

#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::layer_objective_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

OpHarness harness_of(const Tensor& src, const std::vector<LayerRow>& rows, int threads = 2) {
  return {std::make_shared<LayerObjective>(),
          {channels_last(src.shape, src.data), table(layer_rows(src.shape.n), rows)},
          threads};
}

// Squares of small whole numbers, 512 of them and weights that are powers of two: every sum is exact.
TEST(LayerObjective, EqualsNaiveLoopsExactly) {
  const Shape shape{3, 16, 4, 8};
  const Tensor src(shape, random_integers(shape.elements(), 1));
  OpHarness harness = harness_of(src, {{1}, {0}, {-0.5F}});
  std::vector<double> expected, gradient;
  for (int64_t n = 0; n < 3; ++n) {
    const double weight = n == 0 ? 1 : n == 1 ? 0 : -0.5;
    double sum = 0;
    for (int64_t i = 0; i < 512; ++i) {
      const double x = src.data[static_cast<size_t>(n * 512 + i)];
      sum += x * x;
      gradient.push_back(2 * weight * x / 512);
    }
    expected.push_back(weight * sum / 512);
  }
  EXPECT_TRUE(same_numbers(harness.forward(), expected));
  EXPECT_TRUE(same_numbers(harness.backward({1, 1, 1})[0], gradient));
}

// Quadratic: a central difference is exact but for the rounding of values of size 3, some 1e-7 each, over a step of 1/2: against
// derivatives along v of 1/60, and gradients of 1/100.
TEST(LayerObjective, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{2, 19, 3, 7};
  OpHarness harness = harness_of({shape, random_numbers(shape.elements(), 2)}, {{1}, {-2}});
  EXPECT_TRUE(harness.adjoint_identity(1e-4));
  EXPECT_TRUE(harness.central_differences(2e-4, 0.5, 300));
}

// The table's tolerance for float32.
TEST(LayerObjective, EqualsTheGoldenTable) {
  const nlohmann::json golden = golden_case(golden_table("objectives"), "deepdream");
  const Array input = to_array(golden.at("inputs").at(0));
  const float share = 1.F / static_cast<float>(input.shape().n);
  OpHarness harness = harness_of({input.shape(), input.data}, {{share}, {share}});
  const std::vector<double> values = harness.forward();
  EXPECT_TRUE(near_largest(std::vector<double>{values[0] + values[1]},
                           std::vector<double>{golden.at("value").get<double>()}, 1e-5));
  EXPECT_TRUE(near_largest(harness.backward({1, 1})[0], to_array(golden.at("gradients").at(0)).data, 1e-5));
}

TEST(LayerObjective, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{3, 130, 5, 7}, one{1, 130, 5, 7};
  const Tensor src(shape, random_numbers(shape.elements(), 8));
  const Tensor last(one, {src.data.end() - one.elements(), src.data.end()});
  OpHarness both = harness_of(src, {{1}, {1}, {1}}), serial = harness_of(src, {{1}, {1}, {1}}, 1);
  OpHarness alone = harness_of(last, {{1}});
  EXPECT_EQ(both.forward(), serial.forward());
  EXPECT_EQ(both.forward()[2], alone.forward()[0]);
  const std::vector<double> gradient = both.backward({1, 1, 1})[0];
  EXPECT_EQ(gradient, serial.backward({1, 1, 1})[0]);
  EXPECT_EQ(std::vector<double>(gradient.end() - one.elements(), gradient.end()), alone.backward({1})[0]);
}

}  // namespace
}  // namespace phosphene::layer_objective_test
