#include "layers/objective/diversity.h"

#include <cmath>
#include <numeric>

#include "runtime/problems/objective.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::diversity_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

constexpr DiversityForm kForms[] = {DiversityForm::gram, DiversityForm::cross};

OpHarness harness_of(const Tensor& src, int64_t group, DiversityForm form, const std::vector<DiversityRow>& rows,
                     int threads = 2) {
  return {[group, form](Graph& graph, const std::vector<ValueId>& operands) {
            return std::vector<ValueId>{append_diversity(graph, operands[0], operands[1], group, form, "diversity")};
          },
          true,
          {channels_last(src.shape, src.data), table(diversity_rows(src.shape.n), rows)},
          threads};
}

std::vector<DiversityRow> equal_rows(int64_t n, float weight) {
  return std::vector<DiversityRow>(static_cast<size_t>(n), DiversityRow{weight});
}

// sum over j != i in the group of <G_i, G_j> / (n_i n_j), written from the definition.
std::vector<double> similarities(const Tensor& src, int64_t group) {
  const Shape& s = src.shape;
  const int64_t positions = s.h * s.w;
  const auto gram = [&](int64_t n, int64_t a, int64_t b) {
    double sum = 0;
    for (int64_t p = 0; p < positions; ++p) sum += src.plane(n, a)[p] * src.plane(n, b)[p];
    return sum;
  };
  const auto dot = [&](int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t a = 0; a < s.c; ++a)
      for (int64_t b = 0; b < s.c; ++b) sum += gram(i, a, b) * gram(j, a, b);
    return sum;
  };
  std::vector<double> values;
  for (int64_t i = 0; i < s.n; ++i) {
    double sum = 0;
    for (int64_t j = i - i % group; j < i - i % group + group; ++j) {
      if (j != i) sum += dot(i, j) / std::sqrt(std::max(dot(i, i), 1e-10)) / std::sqrt(std::max(dot(j, j), 1e-10));
    }
    values.push_back(sum);
  }
  return values;
}

// Sums of 20 products, of 289 of their products, roots and quotients: each rounds by less than sqrt(289) eps of a value near its
// largest, and there are a handful of them.
TEST(Diversity, EqualsNaiveLoopsInBothFormsForEveryGroup) {
  for (int64_t group = 2; group <= 7; ++group) {
    const Shape shape{2 * group, 17, 4, 5};
    const Tensor src(shape, random_numbers(shape.elements(), static_cast<unsigned>(group), -1, 2));
    std::vector<double> expected = similarities(src, group);
    for (double& value : expected) value *= -100;
    for (const DiversityForm form : kForms)
      EXPECT_TRUE(near_largest(harness_of(src, group, form, equal_rows(shape.n, -100)).forward(), expected, 5e-6))
          << "group " << group;
  }
}

// Values near 1, so a step of 1/16 cancels to 1e-6, and its own error is h^2 of a third derivative below one, against gradients of
// size 1/40: both stay below a hundredth of the largest.
TEST(Diversity, GradientIsTheDifference) {
  const Shape shape{6, 9, 3, 3};
  const Tensor src(shape, random_numbers(shape.elements(), 5, -1, 2));
  for (const DiversityForm form : kForms)
    EXPECT_TRUE(harness_of(src, 3, form, equal_rows(shape.n, 2)).central_differences(1e-2, 0x1p-4, 400));
}

TEST(Diversity, BothFormsAgree) {
  const Shape shape{4, 70, 3, 5};
  const Tensor src(shape, random_numbers(shape.elements(), 6, -1, 2));
  OpHarness gram = harness_of(src, 2, DiversityForm::gram, equal_rows(4, 1));
  OpHarness cross = harness_of(src, 2, DiversityForm::cross, equal_rows(4, 1));
  // Different orders of the same sums: rounding alone.
  EXPECT_TRUE(near_largest(gram.forward(), cross.forward(), 5e-6));
  EXPECT_TRUE(near_largest(gram.backward({1, 1, 1, 1})[0], cross.backward({1, 1, 1, 1})[0], 2e-5));
}

// The table's tolerance for float32. Where gradients of thousands stand beside a clamp, it holds of the largest.
TEST(Diversity, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  int compared = 0;
  for (const nlohmann::json& golden : objectives.at("cases")) {
    const std::string name = golden.at("name");
    if (!name.starts_with("diversity")) continue;
    SCOPED_TRACE(name);
    const Array input = to_array(golden.at("inputs").at(0));
    const Shape shape = input.shape();
    for (const DiversityForm form : kForms) {
      OpHarness harness =
          harness_of({shape, input.data}, shape.n, form, equal_rows(shape.n, 1.F / static_cast<float>(shape.n)));
      const std::vector<double> values = harness.forward();
      EXPECT_TRUE(near_largest(std::vector<double>{std::accumulate(values.begin(), values.end(), 0.0)},
                               std::vector<double>{golden.at("value").get<double>()}, 1e-5));
      EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(values.size(), 1))[0],
                               to_array(golden.at("gradients").at(0)).data, 1e-5));
      ++compared;
    }
  }
  EXPECT_EQ(compared, 18);
}

TEST(Diversity, ThePlanTakesTheCheaperForm) {
  EXPECT_EQ(diversity_form({4, 512, 14, 14}, 4), DiversityForm::gram);
  EXPECT_EQ(diversity_form({4, 512, 10, 10}, 4), DiversityForm::cross);
  EXPECT_EQ(diversity_form({4, 1024, 7, 7}, 4), DiversityForm::cross);
  EXPECT_EQ(diversity_form({2, 192, 56, 56}, 2), DiversityForm::gram);
}

TEST(Diversity, DoesNotDependOnThreadsOrPartners) {
  const Shape shape{6, 130, 5, 7};
  const Tensor src(shape, random_numbers(shape.elements(), 8, -1, 2));
  const Shape one{3, 130, 5, 7};
  const Tensor last(one, {src.data.begin() + one.elements(), src.data.end()});
  for (const DiversityForm form : kForms) {
    OpHarness both = harness_of(src, 3, form, equal_rows(6, -1));
    OpHarness serial = harness_of(src, 3, form, equal_rows(6, -1), 1);
    OpHarness alone = harness_of(last, 3, form, equal_rows(3, -1));
    EXPECT_EQ(both.forward(), serial.forward());
    const std::vector<double> gradient = both.backward({1, 1, 1, 1, 1, 1})[0];
    EXPECT_EQ(gradient, serial.backward({1, 1, 1, 1, 1, 1})[0]);
    EXPECT_EQ(std::vector<double>(gradient.begin() + one.elements(), gradient.end()), alone.backward({1, 1, 1})[0]);
  }
}

}  // namespace
}  // namespace phosphene::diversity_test
