#include "layers/image/phase_image.h"

#include <cmath>
#include <complex>

#include "kernels/polar_spectrum.h"
#include "layers/image/colour.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::phase_image_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

std::vector<float> magnitude_of(const PhaseParameterization& p, unsigned seed) {
  const std::vector<double> numbers = random_numbers(p.c * p.h * p.columns(), seed, 0.125, 2);
  return {numbers.begin(), numbers.end()};
}

OpHarness harness_of(const PhaseParameterization& p, const std::vector<float>& magnitude,
                     const std::vector<double>& phase, bool coloured = false, int threads = 2) {
  const auto build = [p, magnitude, coloured](Graph& graph, const std::vector<ValueId>& operands) {
    const ValueId image = append_phase_image(graph, p, magnitude, operands[0]);
    return std::vector<ValueId>{coloured ? graph.append(std::make_shared<Colour>(true), {image}, "colour") : image};
  };
  return {build, false, {planar(p.phase().shape, phase)}, threads};
}

void standardise(std::vector<double>::iterator begin, std::vector<double>::iterator end) {
  const auto count = static_cast<double>(end - begin);
  double mean = 0, variance = 0;
  for (auto at = begin; at != end; ++at) mean += *at / count;
  for (auto at = begin; at != end; ++at) variance += (*at - mean) * (*at - mean) / count;
  for (auto at = begin; at != end; ++at) *at = (*at - mean) / (std::sqrt(variance) + 1e-5);
}

// The header's formula with the sum over all frequencies of a transform that is W + W mod 2 wide.
std::vector<double> naive_image(const PhaseParameterization& p, const std::vector<float>& magnitude,
                                std::vector<double> phase) {
  const int64_t k = p.columns(), width = 2 * (k - 1), plane = p.h * k;
  const auto per_image = static_cast<ptrdiff_t>(p.c * plane), pixels = static_cast<ptrdiff_t>(p.c * p.h * p.w);
  std::vector<double> image(static_cast<size_t>(p.n * p.c * p.h * p.w));
  for (ptrdiff_t n = 0; n < p.n; ++n) standardise(phase.begin() + n * per_image, phase.begin() + (n + 1) * per_image);
  for (int64_t at = 0; at < std::ssize(image); ++at) {
    const int64_t x = at % p.w, y = at / p.w % p.h, of_plane = at / p.w / p.h;
    double sum = 0;
    for (int64_t i = 0; i < plane; ++i) {
      const int64_t ky = i / k, kx = i % k;
      const double turns = static_cast<double>(y * ky) / static_cast<double>(p.h) +
                           static_cast<double>(x * kx) / static_cast<double>(width);
      const double times = kx == 0 || kx == k - 1 ? 1 : 2;
      sum += times * static_cast<double>(magnitude[static_cast<size_t>(of_plane % p.c * plane + i)]) *
             std::cos(phase[static_cast<size_t>(of_plane * plane + i)] + 2 * M_PI * turns);
    }
    image[static_cast<size_t>(at)] = sum / static_cast<double>(p.h * width);
  }
  for (ptrdiff_t n = 0; n < p.n; ++n) standardise(image.begin() + n * pixels, image.begin() + (n + 1) * pixels);
  return image;
}

// The transform's tolerance (tests/layers/image/fourier_image_test.cpp) and those of two standardisations over at most 500 numbers.
TEST(PhaseImage, EqualsTheNaiveSum) {
  for (const auto& [h, w] : std::vector<std::pair<int64_t, int64_t>>{{6, 8}, {5, 9}, {12, 7}, {1, 2}}) {
    const PhaseParameterization p{.n = 2, .c = 3, .h = h, .w = w};
    const std::vector<float> magnitude = magnitude_of(p, 1);
    const std::vector<double> phase = random_numbers(p.phase().shape.elements(), 2, -4, 4);
    EXPECT_TRUE(near_largest(harness_of(p, magnitude, phase).forward(), naive_image(p, magnitude, phase), 2e-5))
        << h << "x" << w;
  }
}

// The phase bends the image by its second derivative, at most the image itself: steps of 1/64 are off by (1/64)^2 / 6 = 4e-5 of it,
// and one phase of many moves a pixel by a tenth of it or less, hence 1e-3 of the largest gradient.
TEST(PhaseImage, GradientIsTheAdjointAndTheDifference) {
  const PhaseParameterization p{.n = 2, .c = 3, .h = 6, .w = 7};
  OpHarness harness = harness_of(p, magnitude_of(p, 3), random_numbers(p.phase().shape.elements(), 4, -2, 2), true);
  EXPECT_TRUE(harness.central_differences(2e-3));
  EXPECT_TRUE(harness.adjoint_identity(1e-3, 0x1p-7));
}

// What the standardisation of the phase implies: the gradient sums to 0 and is orthogonal to the phase but for epsilon, 1e-5.
TEST(PhaseImage, GradientNeitherShiftsNorShortensThePhase) {
  const PhaseParameterization p{.n = 1, .c = 3, .h = 16, .w = 16};
  const std::vector<double> phase = random_numbers(p.phase().shape.elements(), 5, -3, 3);
  OpHarness harness = harness_of(p, magnitude_of(p, 6), phase);
  const std::vector<double> gradient = harness.backward(random_numbers(3 * 16 * 16, 7))[0];
  double sum = 0, along = 0, length = 0, mean = 0;
  for (const double number : phase) mean += number / static_cast<double>(phase.size());
  for (size_t i = 0; i < phase.size(); ++i) {
    sum += gradient[i];
    along += gradient[i] * (phase[i] - mean);
    length += gradient[i] * gradient[i];
  }
  length = std::sqrt(length * static_cast<double>(phase.size()));
  EXPECT_LE(std::abs(sum), 1e-5 * length);
  EXPECT_LE(std::abs(along), 1e-4 * length);
}

TEST(PhaseImage, DependsOnNeitherThreadsNorBatchNorWidth) {
  const PhaseParameterization three{.n = 3, .c = 3, .h = 20, .w = 33}, one{.n = 1, .c = 3, .h = 20, .w = 33};
  const std::vector<float> magnitude = magnitude_of(one, 8);
  const std::vector<double> phase = random_numbers(three.phase().shape.elements(), 9),
                            g = random_numbers(3 * 3 * 20 * 33, 10);
  OpHarness all = harness_of(three, magnitude, phase, true, 3);
  const std::vector<double> image = all.forward(), gradient = all.backward(g)[0];
  const auto part = [](const std::vector<double>& of, ptrdiff_t n) {
    const auto size = static_cast<ptrdiff_t>(of.size()) / 3;
    return std::vector<double>(of.begin() + n * size, of.begin() + (n + 1) * size);
  };
  for (ptrdiff_t n = 0; n < 3; ++n) {
    OpHarness alone = harness_of(one, magnitude, part(phase, n), true, 1);
    EXPECT_EQ(alone.forward(), part(image, n));
    EXPECT_EQ(alone.backward(part(g, n))[0], part(gradient, n));
  }
  const int64_t rows = 3 * 3 * 7, k = 149;
  const std::vector<float> m = random_floats(3 * 7 * k, 11), a = random_floats(2 * rows * k, 12),
                           b = random_floats(2 * rows * k, 13);
  expect_same_bits_at_every_width(rows, k, 2 * rows * k,
                                  [&](auto& out) { return PolarToSpectrum{m.data(), a.data(), out.data(), 21, 7, k}; });
  expect_same_bits_at_every_width(rows, k, rows * k, [&](auto& out) {
    return PolarToSpectrumBackward{a.data(), b.data(), out.data(), 7, k};
  });
}

// The entry "maco", computed in float64 with PyTorch; its tolerances for float32.
TEST(PhaseImage, EqualsTheGoldenImageAndGradient) {
  PHOSPHENE_ASSET(path, "reference/golden/evidence.safetensors");
  const std::map<std::string, Array> golden = read_golden_tensors(path);
  const PhaseParameterization p{.n = 1, .c = 3, .h = 64, .w = 64};
  OpHarness harness = harness_of(p, golden.at("maco/magnitude").floats(), golden.at("maco/phase").data, true);
  EXPECT_TRUE(near_largest(harness.forward(), golden.at("maco/image").data, 1e-5));
  EXPECT_TRUE(near_largest(harness.backward(golden.at("maco/gradient_of_image").data)[0],
                           golden.at("maco/gradient_of_phase").data, 1e-4));
}

TEST(PhaseImage, StartIsStandardNormalAndOfItsKey) {
  const PhaseParameterization p{.n = 2, .c = 3, .h = 64, .w = 64};
  const std::vector<DrawKey> keys = {{1, 0}, {1, 1}};
  const std::vector<float> both = initial_phase(p, keys),
                           second = initial_phase({1, 3, 64, 64}, std::span(keys).last(1));
  EXPECT_TRUE(std::equal(second.begin(), second.end(), both.end() - std::ssize(second)));
  double sum = 0, squares = 0;
  for (const float number : both) {
    sum += static_cast<double>(number);
    squares += static_cast<double>(number) * static_cast<double>(number);
  }
  const auto count = static_cast<double>(both.size());  // 12672: five standard errors of the mean and of the variance
  EXPECT_LE(std::abs(sum / count), 5 / std::sqrt(count));
  EXPECT_LE(std::abs(squares / count - 1), 5 * std::sqrt(2 / count));
}

}  // namespace
}  // namespace phosphene::phase_image_test
