#include "layers/objective/style.h"

#include <cmath>
#include <numeric>

#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::style_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

constexpr StyleForm kForms[] = {StyleForm::l1, StyleForm::l2};

// F^T F of the images of a set, C x C.
std::vector<double> gram(const Tensor& src, int64_t first, int64_t images) {
  const Shape& s = src.shape;
  std::vector<double> sums;
  for (int64_t a = 0; a < s.c; ++a) {
    for (int64_t b = 0; b < s.c; ++b) {
      double sum = 0;
      for (int64_t n = first; n < first + images; ++n)
        for (int64_t p = 0; p < s.h * s.w; ++p) sum += src.plane(n, a)[p] * src.plane(n, b)[p];
      sums.push_back(sum);
    }
  }
  return sums;
}

// Those of random references, a matrix per set. They are symmetric, as the gradient takes them to be.
std::vector<double> reference_grams(const Shape& shape, int64_t set, unsigned seed) {
  const Tensor reference(shape, random_numbers(shape.elements(), seed));
  std::vector<double> all;
  for (int64_t first = 0; first < shape.n; first += set) {
    const std::vector<double> one = gram(reference, first, set);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

// The op on an activation and the Gram matrices of a reference (sets x C x C).
OpHarness harness_of(const Tensor& src, const std::vector<double>& reference_grams, StyleForm form, int64_t set,
                     float weight, int threads = 2) {
  const Shape& s = src.shape;
  return {[form, set](Graph& graph, const std::vector<ValueId>& operands) {
            return std::vector<ValueId>{append_style(graph, operands[0], operands[1], operands[2], form, set, "style")};
          },
          true,
          {channels_last(s, src.data), fixed(planar({s.n / set, 1, s.c, s.c}, reference_grams)),
           table(style_rows(s.n), std::vector<StyleRow>(static_cast<size_t>(s.n), StyleRow{weight}))},
          threads};
}

// Values and gradient from the formulas of the kernel's header.
struct Naive {
  std::vector<double> values, gradient;

  Naive(const Tensor& src, const std::vector<double>& reference_grams, StyleForm form, int64_t set, double weight)
      : gradient(src.data.size()) {
    const Shape& s = src.shape;
    const auto count = static_cast<double>(set * s.h * s.w), elements = static_cast<double>(s.c * s.c);
    for (int64_t first = 0; first < s.n; first += set) {
      std::vector<double> difference = gram(src, first, set);
      double sum = 0;
      for (size_t i = 0; i < difference.size(); ++i) {
        difference[i] = (difference[i] - reference_grams[static_cast<size_t>(first / set * s.c * s.c) + i]) / count;
        sum += form == StyleForm::l1 ? std::abs(difference[i]) : difference[i] * difference[i];
      }
      const double distance = form == StyleForm::l1 ? sum / elements : std::sqrt(sum / elements);
      for (int64_t i = 0; i < set; ++i) values.push_back(-weight * distance / static_cast<double>(set));
      const auto slope = [&](double d) {
        const double unit = form == StyleForm::l1 ? (d > 0   ? 1.0
                                                     : d < 0 ? -1.0
                                                             : 0.0)
                            : distance > 0        ? d / distance
                                                  : 0;
        return -2 * weight / (count * elements) * unit;
      };
      for (int64_t n = first; n < first + set; ++n)
        for (int64_t a = 0; a < s.c; ++a)
          for (int64_t p = 0; p < s.h * s.w; ++p)
            for (int64_t b = 0; b < s.c; ++b)
              gradient[static_cast<size_t>(((n * s.c) + a) * s.h * s.w + p)] +=
                  src.plane(n, b)[p] * slope(difference[static_cast<size_t>(b * s.c + a)]);
    }
  }
};

// Gram matrices of at most 60 products of numbers below 2, then sums of 17 of their differences: below sqrt(60 * 17) roundings of the
// largest in the worst case, and a handful behind them.
TEST(Style, EqualsNaiveLoopsForImagesAndForGroups) {
  for (const StyleForm form : kForms) {
    for (const int64_t set : {1, 3}) {
      const Shape shape{6, 17, 4, 5};
      const Tensor src(shape, random_numbers(shape.elements(), 1));
      const std::vector<double> reference = reference_grams(shape, set, 2);
      const Naive expected(src, reference, form, set, 2);
      OpHarness harness = harness_of(src, reference, form, set, 2);
      EXPECT_TRUE(near_largest(harness.forward(), expected.values, 4e-6)) << set;
      EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(6, 1))[0], expected.gradient, 4e-6)) << set;
    }
  }
}

// Values near 1 over a step of 1/64 cancel to 1e-7 * 64 = 6e-6, against derivatives of 2 |F| / (P C) or .02. For the absolute values,
// every element of the references is 8 away from the image's own, on either side: the kinks are further than a step.
TEST(Style, GradientIsTheDifference) {
  const Shape shape{2, 9, 3, 4};
  const Tensor src(shape, random_numbers(shape.elements(), 3));
  EXPECT_TRUE(harness_of(src, reference_grams(shape, 1, 4), StyleForm::l2, 1, 1).central_differences(1e-3));
  std::vector<double> beside = gram(src, 0, 1);
  const std::vector<double> second = gram(src, 1, 1);
  beside.insert(beside.end(), second.begin(), second.end());
  for (size_t i = 0; i < beside.size(); ++i) {
    const size_t row = i / 9 % 9, column = i % 9;
    beside[i] += row * column % 3 == 1 ? 8 : -8;
  }
  EXPECT_TRUE(harness_of(src, beside, StyleForm::l1, 1, 1).central_differences(1e-3));
}

TEST(Style, IsNothingAgainstItself) {
  const Shape shape{1, 5, 2, 3};
  const Tensor src(shape, random_integers(shape.elements(), 5));  // whole numbers: both Gram matrices are exact
  for (const StyleForm form : kForms) {
    OpHarness harness = harness_of(src, gram(src, 0, 1), form, 1, 1);
    EXPECT_EQ(harness.forward()[0], 0);
    const std::vector<double> gradient = harness.backward({1})[0];
    EXPECT_EQ(gradient, std::vector<double>(gradient.size()));
  }
}

// The table's tolerance for float32. Its matrices are divided by the positions, its values are distances.
TEST(Style, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  for (const char* name : {"style_l1", "style_l2", "style_l1_pooled_batch"}) {
    const nlohmann::json& golden = golden_case(objectives, name);
    const Array input = to_array(golden.at("inputs").at(0));
    const Shape shape = input.shape();
    std::vector<double> reference = to_array(golden.at("constants").at("target_gram")).data;
    for (double& number : reference) number *= static_cast<double>(shape.n * shape.h * shape.w);
    const StyleForm form = std::string(name) == "style_l2" ? StyleForm::l2 : StyleForm::l1;
    OpHarness harness = harness_of({shape, input.data}, reference, form, shape.n, -1);
    const std::vector<double> values = harness.forward();
    const auto value = golden.at("value").get<double>();
    EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), value, 1e-5 * value) << name;
    EXPECT_TRUE(near_largest(harness.backward(std::vector<double>(values.size(), 1))[0],
                             to_array(golden.at("gradients").at(0)).data, 1e-5))
        << name;
  }
}

TEST(Style, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{3, 70, 5, 7}, one{1, 70, 5, 7};
  const Tensor src(shape, random_numbers(shape.elements(), 6));
  const Tensor last(one, {src.data.end() - one.elements(), src.data.end()});
  const std::vector<double> reference = reference_grams(shape, 1, 7);
  OpHarness many = harness_of(src, reference, StyleForm::l2, 1, 1, 3);
  OpHarness serial = harness_of(src, reference, StyleForm::l2, 1, 1, 1);
  OpHarness alone = harness_of(last, {reference.end() - 70 * 70, reference.end()}, StyleForm::l2, 1, 1, 1);
  EXPECT_EQ(many.forward(), serial.forward());
  EXPECT_EQ(many.forward()[2], alone.forward()[0]);
  const std::vector<double> gradient = many.backward({1, 1, 1})[0];
  EXPECT_EQ(gradient, serial.backward({1, 1, 1})[0]);
  EXPECT_EQ(std::vector<double>(gradient.end() - one.elements(), gradient.end()), alone.backward({1})[0]);
}

}  // namespace
}  // namespace phosphene::style_test
