#include "layers/objective/penalty.h"

#include <cmath>
#include <fstream>
#include <functional>

#include "runtime/error.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::penalty_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

constexpr PenaltyKind kAll[] = {PenaltyKind::total_variation,
                                PenaltyKind::l1,
                                PenaltyKind::l2,
                                PenaltyKind::blur,
                                PenaltyKind::blur_through,
                                PenaltyKind::boundary_complexity,
                                PenaltyKind::input_difference,
                                PenaltyKind::input_mean_square};

bool reads_picture(PenaltyKind kind) {
  return kind == PenaltyKind::input_difference || kind == PenaltyKind::input_mean_square;
}

constexpr int64_t kBorder = 2;

// An input difference is that from the picture whose every pixel is its image's constant, unless another is given.
std::vector<double> grey_picture(const Shape& shape, const std::vector<PenaltyRow>& rows) {
  std::vector<double> picture;
  for (const PenaltyRow& row : rows)
    picture.insert(picture.end(), static_cast<size_t>(shape.elements() / shape.n), static_cast<double>(row.constant));
  return picture;
}

OpHarness harness_of(PenaltyKind kind, const Tensor& image, const std::vector<PenaltyRow>& rows, int threads = 2,
                     const std::vector<double>& picture = {}) {
  std::vector<Operand> operands = {planar(image.shape, image.data), table(penalty_rows(image.shape.n), rows)};
  if (reads_picture(kind))
    operands.push_back(fixed(planar(image.shape, picture.empty() ? grey_picture(image.shape, rows) : picture)));
  return {std::make_shared<Penalty>(kind, kBorder), operands, threads};
}

// Calls visit(p, q) for every pixel p of a plane and each of its pixels q at most `reach` rows and columns away.
void for_each_pair(const Shape& shape, int64_t reach, const std::function<void(int64_t, int64_t)>& visit) {
  for (int64_t y = 0; y < shape.h; ++y)
    for (int64_t x = 0; x < shape.w; ++x)
      for (int64_t v = std::max<int64_t>(0, y - reach); v <= std::min(shape.h - 1, y + reach); ++v)
        for (int64_t u = std::max<int64_t>(0, x - reach); u <= std::min(shape.w - 1, x + reach); ++u)
          visit(y * shape.w + x, v * shape.w + u);
}

bool side_by_side(int64_t p, int64_t q, int64_t w) { return std::abs(p / w - q / w) + std::abs(p % w - q % w) == 1; }

// The filter as it is written in the article's code: .5 at its rim, 1 inside, divided by the same of an image of ones.
struct NaiveBlur {
  Shape shape;
  int64_t reach;
  std::vector<double> ones;

  NaiveBlur(const Shape& of, int64_t reaches) : shape(of), reach(reaches), ones(static_cast<size_t>(of.h * of.w)) {
    for_each_pair(shape, reach, [&](int64_t p, int64_t q) { ones[static_cast<size_t>(p)] += weight(p, q); });
  }
  [[nodiscard]] double weight(int64_t p, int64_t q) const {
    const int64_t rows = std::abs(p / shape.w - q / shape.w), columns = std::abs(p % shape.w - q % shape.w);
    return std::max(rows, columns) == reach ? 0.5 : 1;
  }
  [[nodiscard]] std::vector<double> operator()(const double* plane) const {
    std::vector<double> sum(ones.size());
    for_each_pair(shape, reach, [&](int64_t p, int64_t q) {
      sum[static_cast<size_t>(p)] += weight(p, q) * plane[q] / ones[static_cast<size_t>(p)];
    });
    return sum;
  }
  // Adds `factor` times the transpose applied to `plane`, scattered.
  void add_transposed(const std::vector<double>& plane, double factor, double* to) const {
    for_each_pair(shape, reach, [&](int64_t p, int64_t q) {
      to[q] += factor * weight(p, q) * plane[static_cast<size_t>(p)] / ones[static_cast<size_t>(p)];
    });
  }
};

std::vector<double> naive_blur(const double* plane, const Shape& shape) { return NaiveBlur(shape, 1)(plane); }

bool in_border(int64_t p, const Shape& s) {
  const int64_t y = p / s.w, x = p % s.w;
  return std::min({y, x, s.h - 1 - y, s.w - 1 - x}) < kBorder;
}

// One plane of a distance from the blur: its value, and the gradient of that.
double naive_blur_distance(bool boundary, const double* x, const Shape& s, double constant, double* gradient) {
  const NaiveBlur blur(s, boundary ? 2 : 1);
  const std::vector<double> blurred = blur(x);
  const double factor = boundary ? 1 : 0.5, grey = boundary ? 0.8 : 0;
  std::vector<double> lost(blurred.size());
  double value = 0;
  for (int64_t p = 0; p < s.h * s.w; ++p) {
    const auto i = static_cast<size_t>(p);
    if (boundary && !in_border(p, s)) continue;
    lost[i] = x[p] - blurred[i];
    value += factor * (lost[i] * lost[i] + grey * (x[p] - constant) * (x[p] - constant));
    gradient[p] += 2 * factor * (lost[i] + grey * (x[p] - constant));
  }
  blur.add_transposed(lost, -2 * factor, gradient);
  return value;
}

struct Naive {
  std::vector<double> values;
  Tensor gradient;
};

double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

// One image: its value without the weight, and the gradient of that.
double naive_image(PenaltyKind kind, const Tensor& image, int64_t n, double constant, Tensor& gradient) {
  const Shape& s = image.shape;
  const int64_t pixels = s.h * s.w;
  double value = kind == PenaltyKind::l2 ? 1e-6 : 0;
  for (int64_t c = 0; c < s.c; ++c) {
    const double* x = image.plane(n, c);
    double* g = gradient.plane(n, c);
    const std::vector<double> blurred = naive_blur(x, s);
    if (kind == PenaltyKind::total_variation) {
      for_each_pair(s, 1, [&](int64_t p, int64_t q) {
        if (!side_by_side(p, q, s.w)) return;
        value += std::abs(x[p] - x[q]) / 2;  // each pair comes twice
        g[p] += sign(x[p] - x[q]);
      });
    }
    for (int64_t p = 0; p < pixels; ++p) {
      const double distance = x[p] - constant, lost = x[p] - blurred[static_cast<size_t>(p)];
      if (kind == PenaltyKind::l1) value += std::abs(distance), g[p] = sign(distance);
      if (kind == PenaltyKind::l2) value += distance * distance, g[p] = distance;
      if (kind == PenaltyKind::blur) value += lost * lost / 2, g[p] = lost;
      if (reads_picture(kind)) value += distance * distance, g[p] = distance;
    }
    if (kind == PenaltyKind::blur_through || kind == PenaltyKind::boundary_complexity)
      value += naive_blur_distance(kind == PenaltyKind::boundary_complexity, x, s, constant, g);
  }
  if (kind != PenaltyKind::l2 && !reads_picture(kind)) return value;
  const double count = kind == PenaltyKind::l2 ? 1 : static_cast<double>(s.c * pixels);
  const bool root = kind != PenaltyKind::input_mean_square;
  value = root ? std::sqrt(value / count) : value / count;
  for (int64_t c = 0; c < s.c; ++c)
    for (int64_t p = 0; p < pixels; ++p) gradient.plane(n, c)[p] /= (root ? value : 0.5) * count;
  return value;
}

Naive naive(PenaltyKind kind, const Tensor& image, const std::vector<PenaltyRow>& rows) {
  Naive result{{}, Tensor(image.shape)};
  for (int64_t n = 0; n < image.shape.n; ++n) {
    const PenaltyRow& row = rows[static_cast<size_t>(n)];
    const double weight = static_cast<double>(row.weight);
    result.values.push_back(weight * naive_image(kind, image, n, static_cast<double>(row.constant), result.gradient));
    for (int64_t c = 0; c < image.shape.c; ++c)
      for (int64_t p = 0; p < image.shape.h * image.shape.w; ++p) result.gradient.plane(n, c)[p] *= weight;
  }
  return result;
}

const std::vector<PenaltyRow> kRows = {{-0.25F, 0.5F}, {0, 0.5F}, {3, 0.125F}};

// A sum of K positive terms of up to 12 roundings each: 4 eps sqrt(K) + 12 eps of the value. A gradient is one term;
// L2's is divided by a value; what a blur leaves of numbers up to 1 is an eighth of them or more, at its largest; through the blur it is a
// sum of up to 26 terms.
TEST(Penalty, EqualsNaiveLoops) {
  for (const PenaltyKind kind : kAll) {
    for (const Shape& shape :
         {Shape{3, 3, 7, 37}, Shape{3, 1, 1, 5}, Shape{3, 2, 6, 1}, Shape{3, 1, 1, 1}, Shape{3, 1, 40, 16}}) {
      const Tensor image(shape, random_numbers(shape.elements(), 1, 0, 1));
      const double terms = static_cast<double>(shape.c * shape.h * shape.w);
      const double tolerance = (12 + 4 * std::sqrt(terms)) * 0x1p-24;
      const Naive expected = naive(kind, image, kRows);
      OpHarness harness = harness_of(kind, image, kRows);
      EXPECT_TRUE(near_largest(harness.forward(), expected.values, tolerance)) << to_string(shape);
      EXPECT_TRUE(near_largest(harness.backward({1, 1, 1})[0], expected.gradient.data, 8 * tolerance))
          << to_string(shape) << " kind " << static_cast<int>(kind);
    }
  }
}

// Linear between kinks, and numbers are 1/16 apart, none nearer than 1/32 to the constant 0: a step of 1/256 crosses
// none. Terms are multiples of 2^-8 and sums stay below 2^15, so every sum is exact; 1e-6 is the rounding of a weight.
TEST(Penalty, GradientsOfSumsOfAbsolutesAreTheDifference) {
  const Shape shape{2, 2, 7, 21};
  const std::vector<PenaltyRow> rows = {{-0.25F, 0}, {2, 0}};
  const Tensor image(shape, distinct_numbers(shape.elements(), 1));
  for (const PenaltyKind kind : {PenaltyKind::total_variation, PenaltyKind::l1}) {
    OpHarness harness = harness_of(kind, image, rows);
    EXPECT_TRUE(harness.central_differences(1e-6, 0x1p-8, 2000));
  }
}

// A distance d of about 6 bends by (h / d)^2 of itself: 1e-4 for one number moved by 1/16, 1e-3 for all 441 moved along a
// direction of norm 12 by 1/64 of it. Cancellation, 6 eps / h = 6e-6, is 6e-5 of a largest gradient of 0.1.
TEST(Penalty, GradientOfTheDistanceIsTheDifference) {
  const Shape shape{3, 3, 7, 21};
  OpHarness harness = harness_of(PenaltyKind::l2, {shape, random_numbers(shape.elements(), 2, 0, 1)}, kRows);
  EXPECT_TRUE(harness.adjoint_identity(1e-3, 0x1p-6));
  EXPECT_TRUE(harness.central_differences(2e-3, 0x1p-4));
}

// The blurred image is held constant, so differences of the value are not its gradient's: those of 1/2 |x - b|^2 with b
// fixed are. That is a square: its central difference is exact, in double precision to 1e-9; the gradient is float32's.
TEST(Penalty, GradientOfTheBlurHoldsTheBlurredImage) {
  const Shape shape{1, 1, 5, 9};
  const Tensor image(shape, random_numbers(shape.elements(), 3, 0, 1));
  OpHarness harness = harness_of(PenaltyKind::blur, image, {{1, 0}});
  const std::vector<double> gradient = harness.backward({1})[0], held = naive_blur(image.plane(0, 0), shape);
  const auto value = [&](size_t moved, double by) {
    double sum = 0;
    for (size_t i = 0; i < image.data.size(); ++i) {
      const double lost = image.data[i] + (i == moved ? by : 0) - held[i];
      sum += lost * lost / 2;
    }
    return sum;
  };
  for (size_t i = 0; i < image.data.size(); ++i)
    EXPECT_NEAR(gradient[i], (value(i, 0.01) - value(i, -0.01)) / 0.02, 16 * 0x1p-24) << i;
}

// Sums of squares: central differences are exact but for rounding, 1e-7 of values near 40 over a step of 1/16 against slopes near 1.
TEST(Penalty, GradientsThroughTheBlurAreTheDifference) {
  const Shape shape{3, 2, 7, 11};
  for (const PenaltyKind kind : {PenaltyKind::blur_through, PenaltyKind::boundary_complexity}) {
    OpHarness harness = harness_of(kind, {shape, random_numbers(shape.elements(), 5, 0, 1)}, kRows);
    EXPECT_TRUE(harness.central_differences(1e-4, 0x1p-4, 500));
  }
}

// A picture of its own for each image; at the picture itself the distance has no slope. The distance bends as L2's does.
TEST(Penalty, AnInputDifferenceIsFromAPicture) {
  const Shape shape{3, 3, 7, 21};
  const Tensor image(shape, random_numbers(shape.elements(), 6, 0, 1));
  const std::vector<double> picture = random_numbers(shape.elements(), 7, 0, 1);
  OpHarness harness = harness_of(PenaltyKind::input_difference, image, kRows, 2, picture);
  double sum = 0;
  for (size_t i = 2 * 441; i < 3 * 441; ++i) sum += (image.data[i] - picture[i]) * (image.data[i] - picture[i]);
  EXPECT_NEAR(harness.forward()[2], 3 * std::sqrt(sum / 441), 3 * 100 * 0x1p-24);  // a sum of 441 positive terms
  EXPECT_TRUE(harness.central_differences(2e-3, 0x1p-4));
  OpHarness same = harness_of(PenaltyKind::input_difference, image, kRows, 2, image.data);
  EXPECT_EQ(same.forward(), std::vector<double>(3));
  EXPECT_EQ(same.backward({1, 1, 1})[0], std::vector<double>(image.data.size()));
}

struct GoldenCase {
  std::string name;
  PenaltyKind kind;
  float constant = 0;
  float weight = 1;
};

// The table's penalties run over its whole batch: the same numbers as one image of more channels. Its tolerance for float32.
TEST(Penalty, EqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  for (const GoldenCase& one :
       {GoldenCase{"total_variation", PenaltyKind::total_variation},
        GoldenCase{"total_variation_with_equal_neighbours", PenaltyKind::total_variation},
        GoldenCase{"l1_c0", PenaltyKind::l1}, GoldenCase{"l1_c0.5", PenaltyKind::l1, 0.5F},
        GoldenCase{"l2_c0", PenaltyKind::l2}, GoldenCase{"l2_c0.5", PenaltyKind::l2, 0.5F},
        GoldenCase{"blur_penalty_delta", PenaltyKind::blur}, GoldenCase{"blur_penalty_image", PenaltyKind::blur},
        GoldenCase{"blur_penalty_through", PenaltyKind::blur_through},
        GoldenCase{"boundary_complexity", PenaltyKind::boundary_complexity, 0.5F, -1},
        GoldenCase{"input_diff", PenaltyKind::input_difference}}) {
    const nlohmann::json golden = golden_case(objectives, one.name);
    const Array input = to_array(golden.at("inputs").at(0));
    Shape shape = input.shape();
    shape.c *= shape.n;
    shape.n = 1;
    const bool from_picture = golden.contains("constants") && golden.at("constants").contains("x0");
    const std::vector<double> picture =
        from_picture ? to_array(golden.at("constants").at("x0")).data : std::vector<double>();
    OpHarness harness = harness_of(one.kind, {shape, input.data}, {{one.weight, one.constant}}, 2, picture);
    EXPECT_TRUE(near_largest(harness.forward(), std::vector<double>{golden.at("value").get<double>()}, 1e-5))
        << one.name;
    EXPECT_TRUE(near_largest(harness.backward({1})[0], to_array(golden.at("gradients").at(0)).data, 1e-5)) << one.name;
  }
  const nlohmann::json golden = golden_case(objectives, "total_variation");
  const Array input = to_array(golden.at("inputs").at(0));
  OpHarness harness = harness_of(PenaltyKind::total_variation, {input.shape(), input.data}, {{1, 0}, {1, 0}});
  EXPECT_TRUE(near_largest(harness.forward(), to_array(golden.at("per_image")).data, 1e-5));
}

// Penalties of a photograph, in float64; the table derives its tolerances.
TEST(Penalty, OfAPhotographEqualsFloat64) {
  PHOSPHENE_ASSET(index, "reference/golden/input_gradients.json");
  PHOSPHENE_ASSET(tensors_path, "reference/golden/input_gradients.safetensors");
  const std::map<std::string, Array> tensors = read_golden_tensors(tensors_path);
  std::ifstream index_file(index);
  const nlohmann::json table = nlohmann::json::parse(index_file);
  const std::map<std::string, PenaltyKind> kinds = {
      {"tv", PenaltyKind::total_variation}, {"l1", PenaltyKind::l1}, {"blur", PenaltyKind::blur}};
  size_t compared = 0;
  for (const nlohmann::json& described : table["cases"]) {
    if (described["input"] != "image01") continue;
    const Array& image = tensors.at("input/image01");
    const PenaltyRow row{1, described.value("constant", 0.F)};
    OpHarness harness = harness_of(kinds.at(described["objective"]), {image.shape(), image.data}, {row});
    const nlohmann::json& tolerance = described["suggested_tolerance"];
    const double value = described["value"];
    EXPECT_NEAR(harness.forward()[0], value, value * tolerance["value_relative"].get<double>());
    const std::vector<double> gradient = harness.backward({1})[0];
    EXPECT_TRUE(near_l2(gradient, tensors.at(described["tensor"]).data, tolerance["relative_l2"])) << described["name"];
    ++compared;
  }
  EXPECT_EQ(compared, kinds.size());
}

// Images do not see their neighbours, nor the number of threads.
TEST(Penalty, DoesNotDependOnThreadsOrBatch) {
  const Shape shape{3, 3, 50, 61}, one{1, 3, 50, 61};
  const Tensor image(shape, random_numbers(shape.elements(), 4, 0, 1));
  const auto size = static_cast<ptrdiff_t>(one.elements());
  for (const PenaltyKind kind : kAll) {
    OpHarness batch = harness_of(kind, image, kRows, 3);
    const std::vector<double> all = batch.forward(), gradient = batch.backward({1, 1, 1})[0];
    for (int64_t n = 0; n < 3; ++n) {
      const auto first = image.data.begin() + n * size;
      OpHarness alone = harness_of(kind, {one, {first, first + size}}, {kRows[static_cast<size_t>(n)]}, 1);
      EXPECT_EQ(alone.forward()[0], all[static_cast<size_t>(n)]);
      EXPECT_EQ(alone.backward({1})[0],
                std::vector<double>(gradient.begin() + n * size, gradient.begin() + (n + 1) * size));
    }
  }
}

// A weight of 0 is not a term, whatever the image holds.
TEST(Penalty, AWeightOfNothingKeepsInfinityOut) {
  for (const PenaltyKind kind : kAll) {
    OpHarness harness = harness_of(kind, {{2, 1, 1, 2}, {INFINITY, 0, 0, 1}}, {{0, 0}, {1, 0}});
    EXPECT_EQ(harness.forward()[0], 0);
    EXPECT_EQ(harness.backward({1, 1})[0][0], 0);
  }
}

TEST(Penalty, RefusesATableOfAnotherSizeAndANetworksValue) {
  EXPECT_THROW(OpHarness(std::make_shared<Penalty>(PenaltyKind::l1),
                         {planar({1, 3, 2, 2}, random_numbers(12, 1)), table(penalty_rows(2), kRows)}),
               std::exception);
  EXPECT_THROW(OpHarness(std::make_shared<Penalty>(PenaltyKind::l1),
                         {channels_last({3, 3, 2, 2}, random_numbers(36, 1)), table(penalty_rows(3), kRows)}),
               Error);
}

}  // namespace
}  // namespace phosphene::penalty_test
