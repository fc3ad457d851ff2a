#include "layers/objective/direction_objective.h"

#include <numeric>

#include "runtime/error.h"
#include "tests/reference/image_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::direction_objective_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

OpHarness harness_of(const Tensor& src, const std::vector<DirectionRow>& rows, const std::vector<double>& vectors,
                     int threads = 2) {
  const int64_t count = static_cast<int64_t>(vectors.size()) / src.shape.c;
  return {std::make_shared<DirectionObjective>(),
          {channels_last(src.shape, src.data), table(direction_rows(src.shape.n), rows),
           fixed(channels_last({count, src.shape.c, 1, 1}, vectors))},
          threads};
}

// Every power, over the map and at a position, with two vectors, and an image without a term.
std::vector<DirectionRow> one_of_each() {
  return {{.vector = 0, .power = 0, .weight = 1.5F},
          {.vector = 1, .power = 1, .weight = -1},
          {.vector = 1, .power = 2, .weight = 2},
          {.vector = 0, .row = 2, .column = 1, .power = 2, .weight = 1},
          {.vector = 1, .row = 0, .column = 3, .power = 0, .weight = 1},
          {.vector = 1, .power = 1, .weight = 0}};
}

// Patches of two positions, beside one another and at an edge.
std::vector<DirectionRow> patches() {
  return {{.vector = 0, .row = 1, .column = 2, .height = 1, .width = 2, .power = 1, .weight = 1},
          {.vector = 0, .row = 2, .column = 4, .height = 2, .width = 1, .power = 2, .weight = -0.5F}};
}

// Activations that lean towards the vectors, so that the cosine is above and below its floor.
Tensor leaning(const Shape& shape, const std::vector<double>& vectors) {
  Tensor src(shape, random_numbers(shape.elements(), 3));
  for (int64_t n = 0; n < shape.n; ++n)
    for (int64_t c = 0; c < shape.c; ++c)
      for (int64_t p = 0; p < shape.h * shape.w; p += 2)
        src.plane(n, c)[p] += vectors[static_cast<size_t>(c)] + vectors[static_cast<size_t>(shape.c + c)];
  return src;
}

// Sums of 37 products, two roots, a quotient and a power of it: some 20 roundings, of a mean whose terms partly cancel.
TEST(DirectionObjective, EqualsNaiveLoops) {
  const Shape shape{6, 37, 4, 5};
  const std::vector<double> vectors = random_numbers(2 * 37, 1);
  const Tensor src = leaning(shape, vectors);
  const std::vector<DirectionRow> rows = one_of_each();
  std::vector<double> expected;
  for (size_t n = 0; n < rows.size(); ++n) {
    const auto first = vectors.begin() + rows[n].vector * 37;
    expected.push_back(rows[n].weight * reference::direction(src, static_cast<int64_t>(n), {first, first + 37},
                                                             rows[n].power, rows[n].row, rows[n].column));
  }
  EXPECT_TRUE(near_largest(harness_of(src, rows, vectors).forward(), expected, 2e-6));
}

// The terms are quadratic to quartic: with |x| of about 8 a step of 1/64 is off by less than 1e-4, and values of about 10 cancel to
// 1e-6 / (1/64), against gradients of size 1/20.
TEST(DirectionObjective, GradientIsTheDifference) {
  const Shape shape{6, 37, 4, 5};
  const std::vector<double> vectors = random_numbers(2 * 37, 1);
  OpHarness harness = harness_of(leaning(shape, vectors), one_of_each(), vectors);
  EXPECT_TRUE(harness.central_differences(2e-3, 0x1p-4, 400));
  const Shape two{2, 37, 4, 5};
  EXPECT_TRUE(harness_of(leaning(two, vectors), patches(), vectors).central_differences(2e-3, 0x1p-4, 400));
}

// The table's tolerance for float32.
TEST(DirectionObjective, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  size_t compared = 0;
  for (const nlohmann::json& golden : objectives.at("cases")) {
    const std::string name = golden.at("name");
    const bool neuron = name.starts_with("direction_neuron");
    if (!name.starts_with("direction_p") && !neuron && !name.starts_with("dot_cossim")) continue;
    const Array input = to_array(golden.at("inputs").at(0));
    const Shape shape = input.shape();
    DirectionRow row{.power = golden.at("params").at("power"), .weight = 1.F / static_cast<float>(shape.n)};
    if (neuron) {
      row.row = static_cast<int32_t>(shape.h / 2);
      row.column = static_cast<int32_t>(shape.w / 2);
    }
    OpHarness harness = harness_of({shape, input.data}, std::vector<DirectionRow>(static_cast<size_t>(shape.n), row),
                                   to_array(golden.at("constants").at("v")).data);
    const std::vector<double> values = harness.forward();
    EXPECT_TRUE(near_largest(std::vector<double>{std::accumulate(values.begin(), values.end(), 0.0)},
                             std::vector<double>{golden.at("value").get<double>()}, 1e-5))
        << name;
    EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(values.size(), 1.0))[0],
                             to_array(golden.at("gradients").at(0)).data, 1e-5))
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, 10U);
}

// Directions in a tensor's space: each position of a patch has its own. The table's tolerance; its start is (size - patch) / 2.
TEST(DirectionObjective, OfAPatchEqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  for (int32_t power = 0; power <= 2; ++power) {
    const nlohmann::json& golden = golden_case(objectives, "tensor_direction_p" + std::to_string(power));
    const Array input = to_array(golden.at("inputs").at(0)), patch = to_array(golden.at("constants").at("V"));
    const Shape shape = input.shape(), of_patch = patch.shape();
    std::vector<double> vectors;  // position by position
    for (int64_t p = 0; p < of_patch.h * of_patch.w; ++p)
      for (int64_t c = 0; c < of_patch.c; ++c)
        vectors.push_back(patch.data[static_cast<size_t>(c * of_patch.h * of_patch.w + p)]);
    const DirectionRow row{.row = static_cast<int32_t>((shape.h - of_patch.h) / 2),
                           .column = static_cast<int32_t>((shape.w - of_patch.w) / 2),
                           .height = static_cast<int32_t>(of_patch.h),
                           .width = static_cast<int32_t>(of_patch.w),
                           .power = power,
                           .weight = 1.F / static_cast<float>(shape.n)};
    OpHarness harness =
        harness_of({shape, input.data}, std::vector<DirectionRow>(static_cast<size_t>(shape.n), row), vectors);
    const std::vector<double> values = harness.forward();
    EXPECT_TRUE(near_largest(std::vector<double>{std::accumulate(values.begin(), values.end(), 0.0)},
                             std::vector<double>{golden.at("value").get<double>()}, 1e-5))
        << power;
    EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(values.size(), 1.0))[0],
                             to_array(golden.at("gradients").at(0)).data, 1e-5))
        << power;
  }
}

TEST(DirectionObjective, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{6, 129, 12, 13}, one{1, 129, 12, 13};
  const std::vector<double> vectors = random_numbers(2 * 129, 1);
  const Tensor src = leaning(shape, vectors);
  OpHarness batch = harness_of(src, one_of_each(), vectors, 3);
  const std::vector<double> values = batch.forward(), gradient = batch.backward(std::vector<double>(6, 1.0))[0];
  for (size_t n = 0; n < 6; ++n) {
    const auto size = static_cast<ptrdiff_t>(one.elements()), at = static_cast<ptrdiff_t>(n) * size;
    OpHarness alone =
        harness_of({one, {src.data.begin() + at, src.data.begin() + at + size}}, {one_of_each()[n]}, vectors, 1);
    EXPECT_EQ(alone.forward()[0], values[n]);
    const std::vector<double> g = alone.backward({1})[0];
    EXPECT_TRUE(same_bits({g.begin(), g.end()}, {gradient.begin() + at, gradient.begin() + at + size}));
  }
}

TEST(DirectionObjective, RefusesVectorsOfAnotherLayer) {
  const Tensor src({1, 4, 2, 2}, random_numbers(16, 1));
  EXPECT_THROW(OpHarness(std::make_shared<DirectionObjective>(),
                         {channels_last(src.shape, src.data), table(direction_rows(1), std::vector<DirectionRow>(1)),
                          fixed(channels_last({1, 5, 1, 1}, random_numbers(5, 1)))}),
               Error);
}

}  // namespace
}  // namespace phosphene::direction_objective_test
