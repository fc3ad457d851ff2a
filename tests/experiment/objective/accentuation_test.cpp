// Feature accentuation (C. Hamblin et al., 2024): a photograph changed towards a unit, and held near itself in pixels.
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/photos/photo_file.h"
#include "experiment/step/step_program.h"
#include "kernels/parameters.h"
#include "loaders/load_model.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::accentuation_test {
namespace {

constexpr int64_t kSide = 64, kColumns = 33, kPixels = kSide * kSide;

using Matrix = std::array<std::array<double, 3>, 3>;

double determinant(const Matrix& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

// What the sigmoid makes this picture of, by Cramer's rule.
std::vector<double> before(const std::vector<double>& picture) {
  Matrix matrix{};
  for (size_t i = 0; i < 9; ++i) matrix[i / 3][i % 3] = static_cast<double>(ColourMatrix().m[i]);
  std::vector<double> numbers(picture.size());
  for (size_t i = 0; i < kPixels; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      Matrix replaced = matrix;
      for (size_t row = 0; row < 3; ++row) {
        const double value = picture[row * kPixels + i];
        replaced[row][c] = std::log(value / (1 - value));
      }
      numbers[c * kPixels + i] = determinant(replaced) / determinant(matrix);
    }
  }
  return numbers;
}

// An unnormalised forward transform, rows then columns: real parts above imaginary ones, C x 2H x K.
std::vector<double> spectrum_of(const std::vector<double>& image) {
  std::vector<double> spectrum(3 * 2 * kSide * kColumns);
  for (int64_t c = 0; c < 3; ++c) {
    const double* plane = image.data() + c * kPixels;
    std::vector<double> re(kSide * kColumns), im(kSide * kColumns);
    for (int64_t y = 0; y < kSide; ++y)
      for (int64_t kx = 0; kx < kColumns; ++kx)
        for (int64_t x = 0; x < kSide; ++x) {
          const double angle = -2 * M_PI * static_cast<double>(x * kx % kSide) / kSide;
          re[static_cast<size_t>(y * kColumns + kx)] += plane[y * kSide + x] * std::cos(angle);
          im[static_cast<size_t>(y * kColumns + kx)] += plane[y * kSide + x] * std::sin(angle);
        }
    double* out = spectrum.data() + c * 2 * kSide * kColumns;
    for (int64_t ky = 0; ky < kSide; ++ky)
      for (int64_t kx = 0; kx < kColumns; ++kx)
        for (int64_t y = 0; y < kSide; ++y) {
          const double angle = -2 * M_PI * static_cast<double>(y * ky % kSide) / kSide;
          const double a = re[static_cast<size_t>(y * kColumns + kx)], b = im[static_cast<size_t>(y * kColumns + kx)];
          out[ky * kColumns + kx] += a * std::cos(angle) - b * std::sin(angle);
          out[(kSide + ky) * kColumns + kx] += a * std::sin(angle) + b * std::cos(angle);
        }
  }
  return spectrum;
}

// The entry "accentuation": SqueezeNet 1.1's unit less the mean square, at the photograph's spectrum times 1.05, in float64 by PyTorch. Without
// decay, coefficients are divided by 4 sqrt(W H), so that the parameter is the spectrum / 16, and its gradient 16 times the spectrum's. Adam keeps
// a tenth of a first gradient. The tolerances are the table's: 1e-5 of the value and 1e-4 of the gradient's largest entry.
TEST(Accentuation, HasTheGoldenValueAndGradient) {
  PHOSPHENE_ASSET(path, "reference/golden/evidence.safetensors");
  PHOSPHENE_ASSET(network, "models/squeezenet1_1.onnx");
  PHOSPHENE_ASSET(index, "reference/golden/evidence.json");
  const std::map<std::string, Array> golden = read_golden_tensors(path);
  const Array& start = golden.at("accentuation/start");
  const TemporaryFolder folder;
  write_png(folder.file("seed.png"), start.floats().data(), 3, kSide, kSide);  // the exact one is written below
  const Json json = {
      {"model", network.string()},
      {"size", kSide},
      {"parameterization", {{"fourier", {{"decay_power", 0}}}}},
      {"transforms", "none"},
      {"steps", 1},
      {"objective",
       Json::array({{{"channel", {{"layer", "features.3"}, {"unit", 5}}}},
                    {{"input_difference", {{"photo", "seed.png"}, {"form", "mean_square"}}}, {"weight", -1}}})}};
  const Config settings = parse_config(json, "test.json", folder.path().string());
  const std::unique_ptr<Backend> backend = make_cpu_backend(2);
  const Model model = load_model(network.string());
  StepProgram program(model, settings, 1, *backend);
  program.start({batch_image(settings, 0)});
  std::vector<float> parameter;
  for (const double number : spectrum_of(before(start.data))) parameter.push_back(static_cast<float>(number / 16));
  program.states().write("photograph seed.png", start.floats());
  program.states().write(kParameterState, parameter);
  EXPECT_TRUE(near_largest(program.images().data, start.data, 1e-5));
  for (float& number : parameter) number *= 1.05F;
  program.states().write(kParameterState, parameter);
  program.step();
  const double value = read_json(index.string()).at("accentuation").at("value").get<double>();
  EXPECT_NEAR(program.states().read<float>(kHistoryState)[0], -value, 1e-5 * std::abs(value));
  std::vector<float> gradient = program.first_moments();
  for (float& number : gradient) number /= -0.1F * 16;
  std::vector<double> wanted;
  const Array &re = golden.at("accentuation/gradient_re"), &im = golden.at("accentuation/gradient_im");
  for (ptrdiff_t c = 0; c < 3; ++c) {
    for (const Array* part : {&re, &im})
      wanted.insert(wanted.end(), part->data.begin() + c * kSide * kColumns,
                    part->data.begin() + (c + 1) * kSide * kColumns);
  }
  EXPECT_TRUE(near_largest(gradient, wanted, 1e-4));
}

}  // namespace
}  // namespace phosphene::testing::accentuation_test
