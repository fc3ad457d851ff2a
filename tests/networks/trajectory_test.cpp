// Whole optimisations of BVLC GoogLeNet against float64: eight steps without transforms, eight with recorded ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/step/step_program.h"
#include "layers/optimiser/ascent.h"
#include "layers/transform/transform_list.h"
#include "loaders/load_model.h"
#include "loaders/safetensors.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace phosphene::testing {
namespace {

constexpr int64_t kSize = 96, kColumns = 49, kSteps = 8;
constexpr size_t kCoefficients = 3 * kSize * kColumns;  // of one part of one spectrum
constexpr double kFirstBeta = 0.9;

// The planar spectrum (re above im, per channel) of step t from the stored parts.
std::vector<float> spectrum(const Array& re, const Array& im, size_t t) {
  constexpr size_t kPlane = kSize * kColumns;
  std::vector<float> planar;
  for (size_t c = 0; c < 3; ++c) {
    for (const Array* part : {&re, &im}) {
      const auto first = part->data.begin() + static_cast<ptrdiff_t>(t * kCoefficients + c * kPlane);
      std::transform(first, first + kPlane, std::back_inserter(planar), [](double x) { return static_cast<float>(x); });
    }
  }
  return planar;
}

std::vector<double> image_at(const Array& images, size_t t) {
  constexpr size_t kImage = 3 * kSize * kSize;
  const auto first = images.data.begin() + static_cast<ptrdiff_t>(t * kImage);
  return {first, first + kImage};
}

double root_mean_square(const std::vector<float>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < b.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum / static_cast<double>(b.size()));
}

class Trajectory : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    PHOSPHENE_ASSET(index, "reference/golden/trajectory.json");
    json_ = nlohmann::json::parse(std::ifstream(index));
    stored_ = read_golden_tensors(*find_asset("reference/golden/trajectory.safetensors"));
    model_ = load_model(find_asset("models/bvlc_googlenet.caffemodel")->string(),
                        find_asset("models/googlenet_deploy.prototxt")->string());
    folder_ = std::filesystem::temp_directory_path() / ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    backend_ = make_cpu_backend();
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] const Array& tensor(const std::string& name) const {
    return stored_.at(std::string(GetParam()) + "/" + name);
  }
  [[nodiscard]] const nlohmann::json& described() const { return json_.at(GetParam()); }

  [[nodiscard]] Config config() const {
    Json json = {{"model", "googlenet"},
                 {"size", kSize},
                 {"steps", kSteps + 1},
                 {"transforms", "none"},
                 {"objective", {{{"channel", {{"layer", "inception_4a/output:pre"}, {"unit", 97}}}}}}};
    if (described().contains("matrices")) {
      std::vector<double> numbers;
      for (const auto& matrix : described()["matrices"]) {
        for (const auto& row : matrix) numbers.insert(numbers.end(), row.begin(), row.end());
      }
      write_matrices(numbers);
      json["transforms"] = {{"replay", "transforms.safetensors"}};
    }
    return parse_config(json, "test", folder_.string());
  }

  // A .safetensors file of float64, which the product reads but does not write.
  void write_matrices(const std::vector<double>& numbers) const {
    const size_t bytes = numbers.size() * sizeof(double);
    const Json header = {
        {"matrices", {{"dtype", "F64"}, {"shape", {numbers.size() / 6, 2, 3}}, {"data_offsets", {0, bytes}}}}};
    const std::string text = header.dump();
    const uint64_t length = text.size();
    std::ofstream file(folder_ / "transforms.safetensors", std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), sizeof(length));
    file << text;
    file.write(reinterpret_cast<const char*>(numbers.data()), static_cast<std::streamsize>(bytes));
  }

  // The objective at each step is what the history says; the table has losses, which are minimised.
  static void expect_loss(double value, double loss, double tolerance) {
    EXPECT_TRUE(std::abs(-value - loss) <= tolerance * std::max(1.0, std::abs(loss))) << -value << " for " << loss;
  }

  nlohmann::json json_;
  std::map<std::string, Array> stored_;
  Model model_;
  std::filesystem::path folder_;
  std::unique_ptr<Backend> backend_;
};

// Each step starts from the stored coefficients, so errors cannot add up: images and losses to 1e-5 (float32 of a sum over 10^4
// coefficients, and of GoogLeNet's up to 22 layers). A gradient in which no decision of a max pool or ReLU differs is right to
// 1e-6 in relative l2, two to three times what PyTorch's float32 shows; one that flips changes a patch, by up to 1e-2, and leaves
// half of all coefficients right to 1e-5 of the largest: a patch's edge spreads over all frequencies. Float32 frameworks see a
// flip in at most one step of eight here; two are allowed.
TEST_P(Trajectory, EachStepFromTheStoredCoefficients) {
  const Config given = config();
  StepProgram program(model_, given, 1, *backend_);
  int sharp = 0;
  for (size_t t = 0; t < kSteps; ++t) {
    SCOPED_TRACE(t);
    program.start({batch_image(given, 0)});
    program.states().write(kParameterState, spectrum(tensor("re"), tensor("im"), t));
    program.states().write(kStepState, std::vector<int64_t>{static_cast<int64_t>(t)});
    EXPECT_TRUE(near_largest(program.images().data, image_at(tensor("image"), t), 1e-5));
    program.step();
    expect_loss(program.states().read<float>(kHistoryState)[t], described()["runs"]["torch"]["loss"][t], 1e-5);
    // Adam's first moment, started at 0, is (1 - beta1) times the objective's gradient: minus the loss's.
    std::vector<float> gradient = program.states().read<float>(first_moment_of(kParameterState));
    for (float& g : gradient) g /= static_cast<float>(-(1 - kFirstBeta));
    const std::vector<float> expected = spectrum(tensor("grad_re"), tensor("grad_im"), t);
    if (near_l2(gradient, expected, 1e-6)) {
      ++sharp;
    } else {
      EXPECT_TRUE(near_l2(gradient, expected, 1e-2));
      EXPECT_TRUE(near_median(gradient, expected, 1e-5));
    }
  }
  EXPECT_GE(sharp, 6);
}

// Adam alone, fed the stored gradients from the stored coefficients: every update to 1e-6.
TEST_P(Trajectory, UpdatesFromTheStoredGradients) {
  Graph graph;
  const TensorInfo info{{1, 3, 2 * kSize, kColumns}, Layout::planar, DType::f32};
  const ValueId step = graph.state(kStepState, step_number());
  const ParameterUpdate update{graph.state(kParameterState, info), graph.state("gradient", info),
                               graph.state(kStoppedAtState, stopped_at_rows(1))};
  append_ascent(graph, {}, {&update, 1}, step);
  States states(*backend_);
  Program program(std::move(graph), {}, *backend_, states);
  for (size_t t = 0; t < kSteps; ++t) {
    SCOPED_TRACE(t);
    std::vector<float> gradient = spectrum(tensor("grad_re"), tensor("grad_im"), t);
    for (float& g : gradient) g = -g;
    states.write(kParameterState, spectrum(tensor("re"), tensor("im"), t));
    states.write("gradient", gradient);
    states.write(kStepState, std::vector<int64_t>{static_cast<int64_t>(t)});
    program.run();
    EXPECT_TRUE(near_largest(states.read<float>(kParameterState), spectrum(tensor("re"), tensor("im"), t + 1), 1e-6));
  }
}

// Running free from the stored start: Adam's first steps follow signs, so float32 drifts. The tolerances are the golden index's:
// five times the worst drift of three float32 runs.
TEST_P(Trajectory, RunsFree) {
  const Config given = config();
  StepProgram program(model_, given, 1, *backend_);
  program.start({batch_image(given, 0)});
  program.states().write(kParameterState, spectrum(tensor("start_re"), tensor("start_im"), 0));
  const auto& tolerances = json_["suggested_tolerance"]["free_running"];
  ASSERT_EQ(tolerances.size(), kSteps + 1);
  for (size_t t = 0; t <= kSteps; ++t) {
    SCOPED_TRACE(t);
    const double rms = root_mean_square(program.images().data, image_at(tensor("image"), t));
    EXPECT_TRUE(rms <= tolerances[t]["image_rms"].get<double>()) << rms;
    program.step();
    expect_loss(program.states().read<float>(kHistoryState)[t], described()["runs"]["torch"]["loss"][t],
                tolerances[t]["loss_relative_to_max_1_abs_loss"]);
  }
}

INSTANTIATE_TEST_SUITE_P(GoogleNet, Trajectory, ::testing::Values("plain", "transformed"),
                         [](const auto& given) { return std::string(given.param); });

}  // namespace
}  // namespace phosphene::testing
