#include "layers/image/composite.h"

#include <cmath>

#include "kernels/composite.h"
#include "kernels/normal.h"
#include "layers/optimiser/objective_history.h"
#include "layers/transform/transform_list.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "tests/reference/image_ops.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::composite_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

Shape one_channel(Shape shape) {
  shape.c = 1;
  return shape;
}

struct Layers {
  Tensor src, alpha, background;

  explicit Layers(const Shape& shape, double darkest = 0)
      : src(shape, random_numbers(shape.elements(), 1, darkest, 1)),
        alpha(one_channel(shape), random_numbers(one_channel(shape).elements(), 2, 0, 1)),
        background(shape, random_numbers(shape.elements(), 3, darkest, 1)) {}

  [[nodiscard]] OpHarness harness(bool gamma, int threads = 2) const {
    return {std::make_shared<Composite>(gamma),
            {planar(src.shape, src.data), planar(alpha.shape, alpha.data),
             fixed(planar(background.shape, background.data))},
            threads};
  }
};

// Plain: three roundings. In linear light a power is off by 9 eps |exponent log base| + 4 eps of itself; there are two after each other,
// and y |log y| <= 1 / e: 2 * 9 / e + 8 < 15 eps for one layer, and as much again where the other is in the sum.
// Backward, from 1/64 up: three such factors, |2.2 log x| <= 9.2, with 9 * 9.2 + 4 < 87 eps each.
TEST(Composite, EqualsNaiveLoops) {
  for (const Shape& shape : {Shape{2, 3, 5, 37}, Shape{1, 3, 1, 1}, Shape{3, 1, 4, 16}, Shape{2, 4, 3, 15}}) {
    for (const bool gamma : {true, false}) {
      SCOPED_TRACE(to_string(shape) + (gamma ? " in linear light" : " plain"));
      const double eps = 0x1p-24;
      const Layers black(shape);
      EXPECT_TRUE(near_largest(black.harness(gamma).forward(),
                               reference::composite(black.src, black.alpha, black.background, gamma).data,
                               (gamma ? 32 : 4) * eps));
      const Layers grey(shape, 0x1p-6);
      const Tensor cotangent(shape, random_numbers(shape.elements(), 4));
      const auto expected = reference::composite_backward(cotangent, grey.src, grey.alpha, grey.background, gamma);
      const std::vector<std::vector<double>> gradients = grey.harness(gamma).backward(cotangent.data);
      const double tolerance = (gamma ? 3 * 87 : 8) * eps;
      EXPECT_TRUE(near_largest(gradients[0], expected.src.data, tolerance));
      EXPECT_TRUE(near_largest(gradients[1], expected.alpha.data, tolerance));
    }
  }
}

// Plain it is bilinear, whose central differences have no error but cancellation, 4 eps / h = 2e-5. In linear light, from 1/4 up, third
// derivatives stay below 16: h^2 / 6 of that is 7e-4, and 32 eps / h of cancellation 1.2e-4.
TEST(Composite, GradientIsTheAdjointAndTheDifference) {
  const Layers layers({2, 3, 5, 19}, 0.25);
  for (const bool gamma : {true, false}) {
    OpHarness harness = layers.harness(gamma);
    EXPECT_TRUE(harness.central_differences(gamma ? 1e-3 : 2e-5));
    EXPECT_TRUE(harness.adjoint_identity(gamma ? 1e-3 : 2e-5, 0x1p-6));
  }
}

// Black upon black, and the ends of alpha: finite, and off by what keeps the slope finite, 1e-6^(1 / 2.2) = .0019, at the most.
TEST(Composite, IsFiniteAtTheEnds) {
  const std::vector<double> src = {0, 0, 1, 1, 0, 1}, alpha = {0, 1, 0, 1, 0.5, 0.5}, behind = {0, 0, 0, 0, 0, 1};
  OpHarness harness(std::make_shared<Composite>(true),
                    {planar({1, 1, 1, 6}, src), planar({1, 1, 1, 6}, alpha), fixed(planar({1, 1, 1, 6}, behind))});
  const std::vector<double> dst = harness.forward();
  const double expected[] = {0, 0, 0, 1, 0, 1};
  for (size_t i = 0; i < dst.size(); ++i) EXPECT_NEAR(dst[i], expected[i], 0.0019);
  for (const std::vector<double>& gradient : harness.backward({1, 1, 1, 1, 1, 1}))
    for (const double g : gradient) EXPECT_TRUE(std::isfinite(g));
}

TEST(Composite, HasTheSameBitsOnAnyThreadsAndAtEveryWidth) {
  const Shape shape{2, 3, 7, 149};
  const Layers layers(shape);
  for (const bool gamma : {true, false}) {
    OpHarness one = layers.harness(gamma, 1), three = layers.harness(gamma, 3);
    EXPECT_EQ(one.forward(), three.forward());
    EXPECT_EQ(one.backward(layers.src.data), three.backward(layers.src.data));
  }
  std::vector<std::vector<float>> x;
  for (unsigned i = 0; i < 5; ++i) x.push_back(random_floats(shape.elements(), i));
  for (std::vector<float>& each : x)
    for (float& number : each) number = std::abs(number) / 2.5F;
  expect_same_bits_at_every_width(14, 149, shape.elements(), [&](auto& dst) {
    return CompositeOver<true>{x[0].data(), x[1].data(), x[2].data(), dst.data(), 3, 7, 149};
  });
  expect_same_bits_at_every_width(14, 149, shape.elements(), [&](auto& dst) {
    return CompositeOver<false>{x[0].data(), x[1].data(), x[2].data(), dst.data(), 3, 7, 149};
  });
  std::vector<float> other(static_cast<size_t>(shape.elements()));
  const auto backward = [&]<bool kGamma>(float* grad_src, float* grad_alpha) {
    return CompositeOverBackward<kGamma>{x[0].data(), x[1].data(), x[2].data(), x[3].data(), x[4].data(),
                                         grad_src,    grad_alpha,  3,           7,           149};
  };
  const auto each_gradient = [&]<bool kGamma>() {
    expect_same_bits_at_every_width(14, 149, shape.elements(), [&](auto& dst) {
      return backward.template operator()<kGamma>(dst.data(), other.data());
    });
    expect_same_bits_at_every_width(14, 149, shape.elements(), [&](auto& dst) {
      return backward.template operator()<kGamma>(other.data(), dst.data());
    });
  };
  each_gradient.operator()<true>();
  each_gradient.operator()<false>();
}

TEST(Composite, RefusesOtherShapes) {
  const Operand image = planar({1, 3, 2, 2}, random_numbers(12, 1)), alpha = planar({1, 1, 2, 2}, {0, 0, 0, 0});
  EXPECT_THROW(OpHarness(std::make_shared<Composite>(true), {image, image, image}), Error);
  EXPECT_THROW(OpHarness(std::make_shared<Composite>(true), {image, alpha, alpha}), Error);
}

// ---- the background ----

// Backgrounds of `steps` consecutive steps, step after step.
std::vector<float> backgrounds(const FourierParameterization& p, const std::vector<DrawKey>& keys, double sd,
                               int64_t first_step = 0, int64_t steps = 1, int threads = 2) {
  const auto backend = make_cpu_backend(threads);
  States states(*backend);
  states.require("keys", draw_keys(p.n));
  states.write("keys", keys);
  states.require("step", step_number());
  states.write("step", std::vector<int64_t>{first_step});
  Graph graph;
  const ValueId step = graph.state("step", step_number());
  const ValueId image = append_random_fourier_image(graph, p, sd, graph.state("keys", draw_keys(p.n)), step);
  append_advance(graph, step);
  Program program(std::move(graph), {image}, *backend, states);
  std::vector<float> all;
  for (int64_t s = 0; s < steps; ++s) {
    program.run();
    const std::vector<float> now = program.read(image);
    all.insert(all.end(), now.begin(), now.end());
  }
  return all;
}

const std::vector<DrawKey> kTwoKeys = {{7, 0}, {9, 5}};

// Each coefficient is rounded once, and scaled; K of them are summed: the inverse transform's tolerance.
TEST(Background, IsTheFourierImageOfTheDrawnSpectrum) {
  for (const auto& [h, w] : {std::pair{6, 5}, {8, 14}, {1, 1}, {5, 12}}) {
    const FourierParameterization p{.n = 2, .c = 3, .h = h, .w = w, .decay_power = 1.5};
    const Tensor spectrum = reference::drawn_spectrum(p.spectrum().shape, kTwoKeys, 3, 0.2);
    const double terms = static_cast<double>(p.spectrum().shape.h * p.spectrum().shape.w);
    EXPECT_TRUE(near_largest(backgrounds(p, kTwoKeys, 0.2, 3), reference::fourier_image(spectrum, h, w, 1.5).data,
                             4 * std::sqrt(terms) * 0x1p-24))
        << h << " x " << w;
  }
}

// The same bits whatever the batch, the thread and the step that the program began with; others for another step, image or seed.
TEST(Background, IsAFunctionOfKeyAndStepAlone) {
  FourierParameterization p{.n = 2, .c = 3, .h = 7, .w = 10, .decay_power = 1.5};
  const std::vector<float> both = backgrounds(p, kTwoKeys, 0.2, 4, 2);
  EXPECT_TRUE(same_bits(both, backgrounds(p, kTwoKeys, 0.2, 4, 2, 1)));
  const auto of_one = static_cast<ptrdiff_t>(both.size()) / 4;
  p.n = 1;
  const std::vector<float> second = backgrounds(p, {kTwoKeys[1]}, 0.2, 5);
  EXPECT_TRUE(same_bits({both.begin() + 3 * of_one, both.end()}, second));
  for (const DrawKey& other : {DrawKey{8, 5}, DrawKey{9, 4}})
    EXPECT_FALSE(same_bits(backgrounds(p, {other}, 0.2, 5), second));
  EXPECT_FALSE(same_bits(backgrounds(p, {kTwoKeys[1]}, 0.2, 6), second));
}

TEST(Background, IsRefusedWhereNumbersWouldRepeat) {
  Graph graph;
  const ValueId keys = graph.state("keys", draw_keys(1)), step = graph.state("step", step_number());
  EXPECT_THROW(append_random_fourier_image(graph, {.n = 1, .c = 3, .h = 8192, .w = 8192}, 0.2, keys, step), Error);
}

// ---- the functions they are made of ----

// Of m two exact or nearly exact numbers, a quotient, a series and two products, 6 eps of the logarithm; where the exponent counts, a
// rounded constant and a sum that at most halves: 8 eps.
TEST(Logarithm, EqualsTheStandardLibrarys) {
  for (const double x : random_numbers(4000, 1, -125, 127)) {
    const auto number = static_cast<float>(std::exp2(x));
    const double expected = std::log(static_cast<double>(number));
    EXPECT_NEAR(static_cast<double>(logarithm(number)), expected, 8 * 0x1p-24 * std::abs(expected)) << number;
    EXPECT_NEAR(logarithm(static_cast<double>(number)), expected, 8 * 0x1p-53 * std::abs(expected)) << number;
  }
  for (const double x : random_numbers(4000, 2, -2, 2)) {
    const auto number = static_cast<float>(1 + x / 4);
    const double expected = std::log(static_cast<double>(number));
    EXPECT_NEAR(static_cast<double>(logarithm(number)), expected, 8 * 0x1p-24 * std::abs(expected)) << number;
    EXPECT_NEAR(logarithm(static_cast<double>(number)), expected, 8 * 0x1p-53 * std::abs(expected)) << number;
  }
  EXPECT_EQ(logarithm(1.F), 0.F);
  EXPECT_EQ(logarithm(1.0), 0.0);
  EXPECT_EQ(logarithm(0.F), logarithm(0x1p-126F));
}

// The farthest that 32 bits reach: sqrt(-2 log(2^-33)) = 6.76.
TEST(FourNormals, ReachesTheTails) {
  const FourNormals far = four_normals({{0, 0, 0xFFFFFFFFU, 0x80000000U}});
  EXPECT_NEAR(far.number[0], std::sqrt(66 * std::log(2.0)), 1e-14);
  EXPECT_EQ(far.number[1], 0);
  EXPECT_NEAR(far.number[2], -std::sqrt(-2 * std::log1p(-0x1p-33)), 1e-14);
}

}  // namespace
}  // namespace phosphene::composite_test
