#include "layers/objective/alignment.h"

#include <cmath>
#include <numeric>

#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::alignment_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

OpHarness harness_of(const Tensor& src, int64_t group, float weight, float decay, int threads = 2) {
  const std::vector<AlignmentRow> rows(static_cast<size_t>(src.shape.n), AlignmentRow{weight, decay});
  return {std::make_shared<Alignment>(group),
          {channels_last(src.shape, src.data), table(alignment_rows(src.shape.n), rows)},
          threads};
}

// Sums of 140 squares, four times; each rounds by less than sqrt(140) eps.
TEST(Alignment, EqualsNaiveLoopsForEveryGroup) {
  for (int64_t group = 2; group <= 7; ++group) {
    const Shape shape{2 * group, 7, 4, 5};
    const Tensor src(shape, random_numbers(shape.elements(), static_cast<unsigned>(group)));
    const int64_t each = shape.elements() / shape.n;
    std::vector<double> expected;
    for (int64_t i = 0; i < shape.n; ++i) {
      double sum = 0;
      for (int64_t d = 1; d <= 4 && i % group + d < group; ++d) {
        for (int64_t e = 0; e < each; ++e) {
          const double difference =
              src.data[static_cast<size_t>(i * each + e)] - src.data[static_cast<size_t>((i + d) * each + e)];
          sum += difference * difference / std::pow(1.5, static_cast<double>(d)) / static_cast<double>(each);
        }
      }
      expected.push_back(-3 * sum);
    }
    EXPECT_TRUE(near_largest(harness_of(src, group, 3, 1.5F).forward(), expected, 2e-6)) << "group " << group;
  }
}

// Quadratic: exact but for the rounding of values of size 10 over a step of 1/2, against gradients of 1/20.
TEST(Alignment, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{6, 5, 3, 4};
  for (const int64_t group : {2, 3, 6}) {
    OpHarness harness = harness_of({shape, random_numbers(shape.elements(), 2)}, group, 1, 2);
    EXPECT_TRUE(harness.adjoint_identity(1e-5));
    EXPECT_TRUE(harness.central_differences(2e-4, 0.5, 300));
  }
}

// The table's tolerance for float32.
TEST(Alignment, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  int compared = 0;
  for (const nlohmann::json& golden : objectives.at("cases")) {
    const std::string name = golden.at("name");
    if (!name.starts_with("alignment")) continue;
    SCOPED_TRACE(name);
    const Array input = to_array(golden.at("inputs").at(0));
    OpHarness harness = harness_of({input.shape(), input.data}, input.shape().n, 1, 2);
    const std::vector<double> values = harness.forward();
    EXPECT_TRUE(near_largest(std::vector<double>{std::accumulate(values.begin(), values.end(), 0.0)},
                             std::vector<double>{golden.at("value").get<double>()}, 1e-5));
    EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(values.size(), 1))[0],
                             to_array(golden.at("gradients").at(0)).data, 1e-5));
    ++compared;
  }
  EXPECT_EQ(compared, 4);
}

TEST(Alignment, DoesNotDependOnThreadsOrPartners) {
  const Shape shape{6, 130, 5, 7}, half{3, 130, 5, 7};
  const Tensor src(shape, random_numbers(shape.elements(), 8));
  const Tensor last(half, {src.data.end() - half.elements(), src.data.end()});
  OpHarness both = harness_of(src, 3, 1, 2), serial = harness_of(src, 3, 1, 2, 1), alone = harness_of(last, 3, 1, 2);
  EXPECT_EQ(both.forward(), serial.forward());
  const std::vector<double> gradient = both.backward({1, 1, 1, 1, 1, 1})[0];
  EXPECT_EQ(gradient, serial.backward({1, 1, 1, 1, 1, 1})[0]);
  EXPECT_EQ(std::vector<double>(gradient.end() - half.elements(), gradient.end()), alone.backward({1, 1, 1})[0]);
}

}  // namespace
}  // namespace phosphene::alignment_test
