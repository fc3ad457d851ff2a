#include "layers/image/cppn.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/angles.h"
#include "kernels/cppn.h"
#include "layers/image/colour.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/given_gradient.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::cppn_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

const CppnInputs kUnbiased{0.45F, 0.396F};

// Cephes states 2e-7 of the angle; the cosine is absolute, one rounding of 1 and the polynomial's.
TEST(Cppn, ArcTangentAndCosineAreExactEnough) {
  for (int i = -4000; i <= 4000; ++i) {
    const double x = i % 2 == 0 ? std::pow(10, std::abs(i) / 400.0 - 4) * (i < 0 ? -1 : 1) : i / 1000.0;
    const auto rounded = static_cast<float>(x);
    const double expected = std::atan(static_cast<double>(rounded));
    EXPECT_NEAR(arc_tangent(rounded), expected, 4 * 0x1p-24 * std::abs(expected)) << x;
    const auto angle = static_cast<float>(i * std::numbers::pi / 8000);
    EXPECT_NEAR(cosine(angle), std::cos(static_cast<double>(angle)), 3 * 0x1p-24) << angle;
  }
  EXPECT_EQ(arc_tangent(0.F), 0.F);
  EXPECT_NEAR(arc_tangent(INFINITY), std::numbers::pi / 2, 1e-7);
}

// ---- one layer ----

struct NaiveLayer {
  CppnLayerAttributes attributes;
  Tensor src, weights;

  [[nodiscard]] double input(int64_t n, int64_t i, int64_t p) const {
    if (attributes.first) return src.plane(0, i)[p];
    const double a = src.plane(n, i % src.shape.c)[p];
    const auto shift = static_cast<double>(attributes.inputs.shift),
               divisor = static_cast<double>(attributes.inputs.divisor);
    return i < src.shape.c ? a / static_cast<double>(0.67F) : (a * a - shift) / divisor;
  }
  [[nodiscard]] Tensor z() const {
    Tensor z({weights.shape.n, attributes.k, src.shape.h, src.shape.w});
    const int64_t inputs = weights.shape.w - 1;
    for (int64_t n = 0; n < z.shape.n; ++n)
      for (int64_t k = 0; k < z.shape.c; ++k)
        for (int64_t p = 0; p < z.shape.h * z.shape.w; ++p) {
          const double* w = weights.plane(n, 0) + k * (inputs + 1);
          double sum = w[inputs];
          for (int64_t i = 0; i < inputs; ++i) sum += w[i] * input(n, i, p);
          z.plane(n, k)[p] = sum;
        }
    return z;
  }
  [[nodiscard]] Tensor forward() const {
    Tensor a = z();
    if (!attributes.last)
      for (double& number : a.data) number = std::atan(number);
    return a;
  }
  // Of the weights, and of the source.
  [[nodiscard]] std::pair<Tensor, Tensor> backward(const Tensor& grad_dst) const {
    const Tensor at = z();
    Tensor of_weights(weights.shape), of_src(src.shape);
    const int64_t inputs = weights.shape.w - 1, c = src.shape.c;
    for (int64_t n = 0; n < at.shape.n; ++n)
      for (int64_t k = 0; k < at.shape.c; ++k)
        for (int64_t p = 0; p < at.shape.h * at.shape.w; ++p) {
          const double z = at.plane(n, k)[p];
          const double e = grad_dst.plane(n, k)[p] * (attributes.last ? 1 : 1 / (1 + z * z));
          double* gw = of_weights.plane(n, 0) + k * (inputs + 1);
          const double* w = weights.plane(n, 0) + k * (inputs + 1);
          gw[inputs] += e;
          for (int64_t i = 0; i < inputs; ++i) gw[i] += e * input(n, i, p);
          if (attributes.first) continue;
          for (int64_t j = 0; j < c; ++j) {
            const double a = src.plane(n, j)[p], divisor = static_cast<double>(attributes.inputs.divisor);
            of_src.plane(n, j)[p] += e * (w[j] / static_cast<double>(0.67F) + w[c + j] * 2 * a / divisor);
          }
        }
    return {of_weights, of_src};
  }
};

NaiveLayer layer_of(const CppnLayerAttributes& attributes, int64_t n, int64_t c, int64_t h, int64_t w) {
  const Shape src{attributes.first ? 1 : n, c, h, w}, weights{n, 1, attributes.k, (attributes.first ? 1 : 2) * c + 1};
  return {attributes,
          {src, random_numbers(src.elements(), 1, -1.5, 1.5)},
          {weights, random_numbers(weights.elements(), 2, -0.5, 0.5)}};
}

OpHarness harness_of(const NaiveLayer& layer, int threads = 2) {
  Operand src = planar(layer.src.shape, layer.src.data);
  if (layer.attributes.first) src = fixed(std::move(src));
  return {make_cppn_layer(layer.attributes), {src, planar(layer.weights.shape, layer.weights.data)}, threads};
}

std::vector<NaiveLayer> layers() {
  return {layer_of({5, {}, true, false}, 2, 2, 7, 9), layer_of({24, {}, false, false}, 2, 24, 6, 11),
          layer_of({3, kUnbiased, false, true}, 3, 4, 5, 37), layer_of({6, kUnbiased, false, false}, 1, 5, 1, 1),
          layer_of({3, {}, false, true}, 1, 24, 20, 16)};
}

// Sums of at most 49 terms, each rounded five times, and of a gradient of the weights over at most 320 pixels.
TEST(Cppn, LayersEqualNaiveLoops) {
  for (const NaiveLayer& layer : layers()) {
    OpHarness harness = harness_of(layer);
    const Tensor cotangent(harness.dst(), random_numbers(harness.dst().elements(), 3));
    const auto [of_weights, of_src] = layer.backward(cotangent);
    EXPECT_TRUE(near_largest(harness.forward(), layer.forward().data, 32 * 0x1p-24));
    const std::vector<std::vector<double>> gradients = harness.backward(cotangent.data);
    EXPECT_TRUE(near_largest(gradients[1], of_weights.data, (8 + 4 * std::sqrt(320.0)) * 0x1p-24));
    if (!layer.attributes.first) {
      EXPECT_TRUE(near_largest(gradients[0], of_src.data, 48 * 0x1p-24));
    }
  }
}

// The second and third derivatives of the arc tangent and of the square are below 4: h^2 = 2e-4 / 6 of them, of
// gradients above 1.
TEST(Cppn, GradientOfALayerIsTheDifference) {
  for (const NaiveLayer& layer : layers()) {
    OpHarness harness = harness_of(layer);
    EXPECT_TRUE(harness.adjoint_identity(1e-3, 0x1p-7));
    EXPECT_TRUE(harness.central_differences(1e-3, 0x1p-6, 60));
  }
}

TEST(Cppn, DoesNotDependOnThreadsOrBatch) {
  const NaiveLayer both = layer_of({24, {}, false, false}, 2, 24, 33, 31);
  OpHarness batch = harness_of(both, 3);
  const std::vector<double> g = random_numbers(batch.dst().elements(), 3), dst = batch.forward();
  const std::vector<std::vector<double>> gradients = batch.backward(g);
  const auto half = [](const std::vector<double>& all, int64_t n) {
    const auto size = std::ssize(all) / 2;
    return std::vector<double>(all.begin() + n * size, all.begin() + (n + 1) * size);
  };
  for (int64_t n = 0; n < 2; ++n) {
    NaiveLayer one = both;
    one.src = {{1, 24, 33, 31}, half(both.src.data, n)};
    one.weights = {{1, 1, 24, 49}, half(both.weights.data, n)};
    OpHarness alone = harness_of(one, 1);
    EXPECT_EQ(alone.forward(), half(dst, n));
    const std::vector<std::vector<double>> single = alone.backward(half(g, n));
    EXPECT_EQ(single[0], half(gradients[0], n));
    EXPECT_EQ(single[1], half(gradients[1], n));
  }
}

TEST(Cppn, HasTheSameBitsAtEveryWidth) {
  constexpr int kPixels = 149, kC = 5, kK = 4;
  const std::vector<float> src = random_floats(2 * kC * kPixels, 1), weights = random_floats(2 * kK * (2 * kC + 1), 2),
                           g = random_floats(2 * kK * kPixels, 3);
  expect_same_bits_at_every_width(2 * kK, kPixels, 2 * kK * kPixels, [&](auto& dst) {
    return CppnLayer<false, false>{src.data(), weights.data(), dst.data(), kPixels, kC, kK, kUnbiased};
  });
  expect_same_bits_at_every_width(2 * kK, kPixels, 2 * kK * kPixels, [&](auto& dst) {
    return CppnLayer<false, true>{src.data(), weights.data(), dst.data(), kPixels, kC, kK, {}};
  });
  expect_same_bits_at_every_width(2 * kK, kPixels, 2 * kK * kPixels, [&](auto& dst) {
    return CppnLayer<true, false>{src.data(), weights.data(), dst.data(), kPixels, kC, kK, {}};
  });
  expect_same_bits_at_every_width(2 * kK, kPixels, 2 * kK * kPixels, [&](auto& dst) {
    return CppnArcTangentBackward{g.data(), src.data(), dst.data(), kPixels};
  });
  expect_same_bits_at_every_width(2 * kC, kPixels, 2 * kC * kPixels, [&](auto& dst) {
    return CppnLayerBackward{g.data(), src.data(), weights.data(), dst.data(), kPixels, kC, kK, kUnbiased};
  });
}

// ---- the whole network ----

// Weights and bias of a layer of the table, as a state has them.
std::vector<float> rows_of(const nlohmann::json& layer) {
  const Array w = to_array(layer.at("w")), b = to_array(layer.at("b"));
  const auto inputs = static_cast<size_t>(w.dims[1]);
  std::vector<float> rows;
  for (size_t k = 0; k < b.data.size(); ++k) {
    for (size_t i = 0; i < inputs; ++i) rows.push_back(static_cast<float>(w.data[k * inputs + i]));
    rows.push_back(static_cast<float>(b.data[k]));
  }
  return rows;
}

// Image and every gradient of networks of three layers. The table's tolerance for float32.
TEST(Cppn, EqualsTheGoldenTable) {
  const nlohmann::json table = golden_table("parameterization").at("cppn").at("cases");
  ASSERT_EQ(table.size(), 2U);
  for (const nlohmann::json& golden : table) {
    const Array cotangent = to_array(golden.at("cotangent"));
    const Shape image = cotangent.shape();
    const auto& layers = golden.at("weights");
    const CppnParameterization cppn{static_cast<int64_t>(layers.size()) - 1, to_array(layers.at(0).at("b")).dims[0],
                                    golden.at("name") == "composite_unbiased"};
    const std::unique_ptr<Backend> backend = make_cpu_backend(2);
    States states(*backend);
    Graph graph;
    std::vector<ValueId> weights;
    for (const TensorInfo& info : cppn_weights(cppn, image))
      weights.push_back(graph.state(std::to_string(weights.size()), info));
    const ValueId rgb =
        graph.append(std::make_shared<Colour>(false), {append_cppn(graph, cppn, image, weights)}, "rgb");
    const ValueId given = graph.state("cotangent", {image, Layout::planar, DType::f32});
    graph.append(std::make_shared<GivenGradient>(given), {rgb}, "objective");
    const std::vector<ValueId> gradients = differentiate(graph, weights);
    std::vector<ValueId> keep = gradients;
    keep.push_back(rgb);
    Program program(std::move(graph), keep, *backend, states);
    states.write("cotangent", cotangent.floats());
    for (size_t i = 0; i < weights.size(); ++i) states.write(std::to_string(i), rows_of(layers.at(i)));
    program.run();
    EXPECT_TRUE(near_largest(program.read(rgb), to_array(golden.at("image")).data, 1e-5)) << golden.at("name");
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_TRUE(near_largest(program.read(gradients[i]), rows_of(golden.at("gradients").at(i)), 1e-5))
          << golden.at("name") << " layer " << i;
    }
  }
}

// Grey whatever the weights, because the last layer is 0; a weight's spread is 1 / inputs, a bias's .1^2.
TEST(Cppn, StartsGreyAndWithTheRightSpread) {
  const CppnParameterization cppn;
  const std::vector<TensorInfo> infos = cppn_weights(cppn, {2, 3, 8, 8});
  ASSERT_EQ(infos.size(), 9U);
  EXPECT_EQ(to_string(infos[0].shape), "2x1x24x3");
  EXPECT_EQ(to_string(infos[3].shape), "2x1x24x49");
  EXPECT_EQ(to_string(infos[8].shape), "2x1x3x49");
  const std::vector<DrawKey> keys = {{1, 0}, {1, 1}};
  const std::vector<float> middle = initial_cppn_weights(infos[3], keys, 3, false);
  double weights = 0, biases = 0;
  for (size_t i = 0; i < middle.size(); ++i) {
    const double square = static_cast<double>(middle[i]) * static_cast<double>(middle[i]);
    (i % 49 == 48 ? biases : weights) += square;
  }
  EXPECT_NEAR(weights / (48 * 48), 1.0 / 48, 0.2 / 48);  // of 2304 draws: a spread of 3 %
  EXPECT_NEAR(biases / 48, 0.01, 0.01);                  // of 48: of 20 %
  EXPECT_NE(middle, initial_cppn_weights(infos[3], keys, 4, false)) << "layers differ";
  for (const float w : initial_cppn_weights(infos[8], keys, 8, true)) EXPECT_EQ(w, 0);
}

TEST(Cppn, RefusesWeightsOfAnotherLayer) {
  EXPECT_THROW(OpHarness(make_cppn_layer({3, {}, false, true}),
                         {planar({1, 4, 2, 2}, random_numbers(16, 1)), planar({1, 1, 3, 8}, random_numbers(24, 1))}),
               Error);
}

}  // namespace
}  // namespace phosphene::cppn_test
