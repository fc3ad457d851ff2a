#include "layers/image/fourier_image.h"

#include <cmath>
#include <numeric>

#include "layers/image/colour.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/reference/image_ops.h"
#include "tests/runtime/small_graphs.h"
#include "tests/support/compare.h"
#include "tests/support/given_gradient.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::fourier_image_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

// Spectrum to image, before colour or after it, and the gradient of sum(image * cotangent).
class FourierRun {
 public:
  FourierRun(const FourierParameterization& p, bool coloured, int threads = 2) : backend_(make_cpu_backend(threads)) {
    Graph graph;
    spectrum_ = graph.state("spectrum", p.spectrum());
    image_ = append_fourier_image(graph, p, spectrum_);
    if (coloured) image_ = graph.append(std::make_shared<Colour>(true), {image_}, "colour");
    const ValueId cotangent = graph.state("cotangent", graph.info(image_));
    graph.append(std::make_shared<testing::GivenGradient>(cotangent), {image_}, "objective");
    const std::vector<ValueId> wrt = {spectrum_};
    gradient_ = differentiate(graph, wrt)[0];
    program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{image_, gradient_}, *backend_, states_);
  }

  void run(const std::vector<double>& spectrum, const std::vector<double>& cotangent) {
    states_.write("spectrum", std::vector<float>(spectrum.begin(), spectrum.end()));
    states_.write("cotangent", std::vector<float>(cotangent.begin(), cotangent.end()));
    program_->run();
  }
  [[nodiscard]] std::vector<float> image() const { return program_->read(image_); }
  [[nodiscard]] std::vector<float> gradient() const { return program_->read(gradient_); }
  // How the transform and its transpose are computed.
  [[nodiscard]] std::vector<std::string> implementations() const {
    std::vector<std::string> names;
    for (const Program::Step& step : program_->steps())
      if (step.kind.find("fourier") != std::string::npos) names.push_back(step.implementation);
    return names;
  }

 private:
  std::unique_ptr<Backend> backend_;
  States states_{*backend_};
  ValueId spectrum_ = kNoValue, image_ = kNoValue, gradient_ = kNoValue;
  std::unique_ptr<Program> program_;
};

// Real parts above imaginary parts, plane by plane.
std::vector<double> stacked(const Array& re, const Array& im, int64_t plane) {
  std::vector<double> both;
  for (size_t at = 0; at < re.data.size(); at += static_cast<size_t>(plane)) {
    const auto from = static_cast<ptrdiff_t>(at), to = from + plane;
    both.insert(both.end(), re.data.begin() + from, re.data.begin() + to);
    both.insert(both.end(), im.data.begin() + from, im.data.begin() + to);
  }
  return both;
}

FourierParameterization parameterization_of(const nlohmann::json& golden) {
  return {.n = golden.at("re").at("shape").at(0),
          .c = 3,
          .h = golden.at("H"),
          .w = golden.at("W"),
          .decay_power = golden.at("decay")};
}

// Odd and even sizes, not square; every radix of a fast transform, and primes that have none. A pixel of the matrix products is
// 2H sums of 2H terms under a sum of 2K (a fast transform rounds less often): roundings of relative size 2^-24 that add up like a random walk over at most 2H + 2K = 200 terms, of numbers of which one column (the lowest frequency) dominates.
TEST(FourierImage, EqualsTheNaiveTransform) {
  constexpr double kTolerance = 8 * 0x1p-24 * 14.2;
  for (const auto& [h, w] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {2, 1}, {1, 2}, {6, 9}, {9, 6}, {13, 16}, {70, 5}, {44, 53}, {34, 8}, {6, 37}}) {
    const FourierParameterization p{.n = 2, .c = 2, .h = h, .w = w, .decay_power = 0.75};
    const Tensor spectrum(p.spectrum().shape, random_numbers(p.spectrum().shape.elements(), 1));
    const Tensor cotangent({2, 2, h, w}, random_numbers(4 * h * w, 2));
    FourierRun run(p, false);
    run.run(spectrum.data, cotangent.data);
    EXPECT_TRUE(near_largest(run.image(), reference::fourier_image(spectrum, h, w, 0.75).data, kTolerance))
        << h << "x" << w;
    EXPECT_TRUE(near_largest(run.gradient(), reference::fourier_image_backward(cotangent, 0.75).data, kTolerance))
        << h << "x" << w;
  }
}

// 17 and 19 are primes without a radix of their own; 44 rows and pairs of 52 columns need those of 4, 11 and 13.
TEST(FourierImage, IsFastWhereTheSizesAllow) {
  const std::vector<std::string> passes(2, "passes"), products(2, "onednn sgemm");
  EXPECT_EQ(FourierRun({.n = 1, .c = 1, .h = 44, .w = 51}, false).implementations(), passes);
  EXPECT_EQ(FourierRun({.n = 1, .c = 1, .h = 34, .w = 8}, false).implementations(), products);
  EXPECT_EQ(FourierRun({.n = 1, .c = 1, .h = 6, .w = 37}, false).implementations(), products);
}

// <F z, w> and <z, F' w> are sums of H W C and of the coefficients' number of products, each right to the tolerance above.
TEST(FourierImage, GradientIsTheAdjoint) {
  const FourierParameterization p{.n = 2, .c = 3, .h = 40, .w = 51};
  const std::vector<double> z = random_numbers(p.spectrum().shape.elements(), 1),
                            w = random_numbers(2 * 3 * 40 * 51, 2);
  FourierRun run(p, false);
  run.run(z, w);
  const std::vector<double> image = to_doubles(run.image()), gradient = to_doubles(run.gradient());
  const double left = std::inner_product(image.begin(), image.end(), w.begin(), 0.0);
  const double right = std::inner_product(z.begin(), z.end(), gradient.begin(), 0.0);
  const double size = std::sqrt(std::inner_product(image.begin(), image.end(), image.begin(), 0.0) *
                                std::inner_product(w.begin(), w.end(), w.begin(), 0.0));
  EXPECT_TRUE(!(std::abs(left) <= 1e-3 * size)) << "too small to tell anything";
  EXPECT_TRUE(std::abs(left - right) <= 1e-6 * size) << left << " " << right;
}

// Through colour: the op's own curvature is absent (it is linear), so a step of 1/16 of a coefficient moves a pixel by less than
// .02 of the sigmoid's scale, h^2 f''' / 6 below 1e-4 of the largest, and cancellation adds 1e-7 / step.
TEST(FourierImage, GradientIsTheDifference) {
  const FourierParameterization p{.n = 1, .c = 3, .h = 6, .w = 7};
  std::vector<double> z = random_numbers(p.spectrum().shape.elements(), 1, -0.5, 0.5);
  const std::vector<double> w = random_numbers(3 * 6 * 7, 2);
  FourierRun run(p, true);
  run.run(z, w);
  const std::vector<double> gradient = to_doubles(run.gradient());
  std::vector<double> differences;
  for (size_t at = 0; at < z.size(); ++at) {
    double value[2];
    for (int side = 0; side < 2; ++side) {
      std::vector<double> moved = z;
      moved[at] += side == 0 ? 0.0625 : -0.0625;
      run.run(moved, w);
      const std::vector<double> image = to_doubles(run.image());
      value[side] = std::inner_product(image.begin(), image.end(), w.begin(), 0.0);
    }
    differences.push_back((value[0] - value[1]) / 0.125);
  }
  EXPECT_TRUE(near_largest(gradient, differences, 1e-3));
}

// The table's tolerance for float32.
TEST(FourierImage, EqualsTheGoldenTable) {
  const nlohmann::json cases = golden_table("parameterization").at("fourier").at("cases");
  EXPECT_EQ(cases.size(), 7U);
  for (const nlohmann::json& golden : cases) {
    const std::string name = golden.at("name");
    const FourierParameterization p = parameterization_of(golden);
    ASSERT_EQ(p.columns(), golden.at("K").get<int64_t>()) << name;
    const int64_t plane = p.h * p.columns();
    const auto array = [&golden](const std::string& key) { return to_array(golden.at(key)); };
    const std::vector<double> spectrum = stacked(array("re"), array("im"), plane), cotangent = array("cotangent").data;

    std::vector<double> scale = to_doubles(whitening_scale(p));
    for (double& number : scale) number *= 4 * golden.at("N").get<double>();
    EXPECT_TRUE(near_largest(scale, array("scale").data, 1e-6)) << name;  // one rounding

    FourierRun before(p, false), after(p, true);
    before.run(spectrum, cotangent);
    EXPECT_TRUE(near_largest(before.image(), array("image_before_colour").data, 1e-5)) << name;
    const auto gradient = [&](const std::string& of) {
      return stacked(array("grad_re_from_" + of), array("grad_im_from_" + of), plane);
    };
    EXPECT_TRUE(near_largest(before.gradient(), gradient("image_before_colour"), 1e-5)) << name;
    after.run(spectrum, cotangent);
    EXPECT_TRUE(near_largest(after.image(), array("image").data, 1e-5)) << name;
    EXPECT_TRUE(near_largest(after.gradient(), gradient("image"), 1e-5)) << name;
    before.run(stacked(array("symmetrised_re"), array("symmetrised_im"), plane), cotangent);
    EXPECT_TRUE(near_largest(before.image(), array("image_before_colour").data, 1e-5)) << name << " symmetrised";
  }
}

// Images of size 96 along a whole optimisation, to its tolerance.
TEST(FourierImage, EqualsTheGoldenTrajectory) {
  PHOSPHENE_ASSET(path, "reference/golden/trajectory.safetensors");
  const std::map<std::string, Array> golden = read_golden_tensors(path);
  const FourierParameterization p{.n = 9, .c = 3, .h = 96, .w = 96};
  FourierRun run(p, true);
  run.run(stacked(golden.at("plain/re"), golden.at("plain/im"), p.h * p.columns()),
          std::vector<double>(9 * 3 * 96 * 96, 1.0));
  EXPECT_TRUE(near_largest(run.image(), golden.at("plain/image").data, 1e-5));
}

TEST(FourierImage, DoesNotDependOnThreadsOrBatch) {
  const FourierParameterization three{.n = 3, .c = 3, .h = 70, .w = 33}, one{.n = 1, .c = 3, .h = 70, .w = 33};
  const std::vector<double> z = random_numbers(three.spectrum().shape.elements(), 1),
                            w = random_numbers(3 * 3 * 70 * 33, 2);
  FourierRun batch(three, true, 3), alone(one, true, 1);
  batch.run(z, w);
  const auto third = [](const auto& all, ptrdiff_t n) {
    const auto size = static_cast<ptrdiff_t>(all.size()) / 3;
    return std::decay_t<decltype(all)>(all.begin() + n * size, all.begin() + (n + 1) * size);
  };
  for (ptrdiff_t n = 0; n < 3; ++n) {
    alone.run(third(z, n), third(w, n));
    EXPECT_TRUE(same_bits(alone.image(), third(batch.image(), n)));
    EXPECT_TRUE(same_bits(alone.gradient(), third(batch.gradient(), n)));
  }
}

// A spectrum of one image has about 2 H K coefficients, so the standard deviation over all pixels of 16 images is right to a few
// percent; dominated by few low frequencies, hence the table's 5 %.
TEST(FourierImage, StartHasTheGoldenStatistics) {
  size_t compared = 0;
  const nlohmann::json sizes = golden_table("parameterization").at("initial_statistics").at("sizes");
  for (const nlohmann::json& golden : sizes) {
    const FourierParameterization p{.n = 16, .c = 3, .h = golden.at("H"), .w = golden.at("W")};
    if (p.h * p.w > 128 * 192) continue;
    std::vector<DrawKey> keys;
    for (uint64_t image = 0; image < 16; ++image) keys.push_back({11, image});
    FourierRun run(p, false);
    run.run(to_doubles(initial_spectrum(p, keys, 0.01)),
            std::vector<double>(static_cast<size_t>(16 * 3 * p.h * p.w), 1.0));
    double squares = 0;
    const std::vector<float> image = run.image();
    for (const float pixel : image) squares += static_cast<double>(pixel) * pixel;
    const double sd = std::sqrt(squares / static_cast<double>(image.size()));
    const double expected = golden.at("expected_std_per_pixel");
    EXPECT_TRUE(std::abs(sd / expected - 1) <= 0.05) << p.h << "x" << p.w << ": " << sd << ", expected " << expected;
    ++compared;
  }
  EXPECT_EQ(compared, 6U);
}

TEST(FourierImage, SpectrumHasItsRealPartsAboveItsImaginaryOnes) {
  const FourierParameterization p{.c = 2, .h = 3, .w = 5};  // K = 4
  std::vector<float> spectrum(2 * 2 * 3 * 4);
  std::iota(spectrum.begin(), spectrum.end(), 0.F);
  const auto counted = [](float first, float second) {  // twelve numbers from either on
    std::vector<float> numbers(24);
    std::iota(numbers.begin(), numbers.begin() + 12, first);
    std::iota(numbers.begin() + 12, numbers.end(), second);
    return numbers;
  };
  const SpectrumParts parts = parts_of_spectrum(p, spectrum);
  EXPECT_EQ(parts.dims, (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(parts.re, counted(0, 24));
  EXPECT_EQ(parts.im, counted(12, 36));
}

}  // namespace
}  // namespace phosphene::fourier_image_test
