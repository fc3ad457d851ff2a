// Attributions against numbers of another program, in float64 (golden/evidence.json of the assets): SqueezeNet 1.1 and BVLC GoogLeNet at
// 128 x 128 pixels, two photographs. Ours is float32: a single ReLU or maximum that falls the other way moves the relative l2 error to
// 1e-3 or so while nearly all numbers stay within roundings, so both are held: half of the errors to a part of the largest number, and l2.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiment/attribution/attribution.h"
#include "experiment/objective/term_list.h"
#include "loaders/json_reader.h"
#include "loaders/load_model.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/support/golden.h"

namespace phosphene::golden_attribution_test {
namespace {

using testing::Array;

constexpr int64_t kSide = 128, kSteps = 50;

struct Errors {
  double median = 0, largest = 0, l2 = 0;  // the first two of the largest expected number
};

Errors errors(std::span<const double> actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) throw std::runtime_error("sizes differ");
  double most = 0, squares = 0, square_errors = 0;
  std::vector<double> all;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = actual[i] - expected[i];
    most = std::max(most, std::abs(expected[i]));
    squares += expected[i] * expected[i];
    square_errors += error * error;
    all.push_back(std::abs(error));
  }
  std::sort(all.begin(), all.end());
  return {all[all.size() / 2] / most, all.back() / most, std::sqrt(square_errors / squares)};
}

std::vector<double> wide(const HostTensor& tensor) { return {tensor.data.begin(), tensor.data.end()}; }

class GoldenAttribution : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  void SetUp() override {
    PHOSPHENE_ASSET(index, "reference/golden/evidence.json");
    nlohmann::json all;
    std::ifstream(index) >> all;
    tensors_ = testing::read_golden_tensors(std::filesystem::path(index).replace_extension("safetensors"));
    const auto& [network, photo] = GetParam();
    for (const auto& one : all["attribution"])
      if (one["network"] == network && one["photograph"] == photo) expected_ = one;
    const Array& bytes = tensors_.at(std::string("photo/") + photo);
    photograph_.dims = {1, 3, kSide, kSide};
    for (const double byte : bytes.data) photograph_.data.push_back(static_cast<float>(byte) / 255.F);
    const auto asset = [](const char* path) { return testing::find_asset(path)->string(); };
    model_ = std::string(network) == "squeezenet"
                 ? load_model(asset("models/squeezenet1_1.safetensors"))
                 : load_model(asset("models/bvlc_googlenet.caffemodel"), asset("models/googlenet_deploy.prototxt"));
    terms_ = Json::array({{{"class", {{"index", expected_["class"]}}}}});
    objective_ = read_objective(JsonReader(terms_, "test"), 1);
  }

  [[nodiscard]] std::unique_ptr<GradientProgram> program(const std::vector<std::string>& at = {}) const {
    return std::make_unique<GradientProgram>(model_, *backend_, objective_, Shape{1, 3, kSide, kSide}, at);
  }
  [[nodiscard]] const std::vector<double>& tensor(const std::string& kind, const std::string& rest = "") const {
    return tensors_.at(fmt::format("{}/{}/{}{}", kind, GetParam().first, GetParam().second, rest)).data;
  }

  nlohmann::json expected_;
  std::map<std::string, Array> tensors_;
  HostTensor photograph_;
  Model model_;
  Json terms_;
  Objective objective_;
  std::unique_ptr<Backend> backend_ = make_cpu_backend();
};

TEST_P(GoldenAttribution, GradientAndTimesInput) {
  const auto gradients = program();
  const double logit = gradients->run(photograph_);
  EXPECT_NEAR(logit, expected_["logit"], 1e-5 * expected_["logit"].get<double>());  // sums of 10^3 products in float32
  const HostTensor gradient = gradients->gradient();
  const Errors of_gradient = errors(wide(gradient), tensor("gradient"));
  EXPECT_LE(of_gradient.median, 1e-6);
  EXPECT_LE(of_gradient.l2, 1e-2);
  const Errors of_product = errors(over_channels(times(photograph_, gradient)), tensor("gradient_x_input"));
  EXPECT_LE(of_product.median, 1e-6);
  EXPECT_LE(of_product.l2, 1e-2);
}

// Of 50 points some have a decision that falls the other way, so more than half of the numbers may move.
TEST_P(GoldenAttribution, IntegratedGradients) {
  const auto gradients = program();
  for (const auto& [name, level] : {std::pair{"black", 0.F}, {"gray", 0.5F}}) {
    const HostTensor baseline{photograph_.dims, std::vector<float>(photograph_.data.size(), level)};
    const PathAttribution path = path_attribution(*gradients, photograph_, baseline, PathRule::midpoint, kSteps);
    const auto& expected = expected_["integrated_gradients"][name];
    EXPECT_NEAR(path.sum, expected["sum"], 1e-3 * std::abs(expected["sum"].get<double>())) << name;
    EXPECT_NEAR(path.difference(), expected["difference_of_logits"],
                1e-4 * std::abs(expected["difference_of_logits"].get<double>()));
    const Errors of_map = errors(wide(path.map), tensor("integrated_gradients", std::string("/") + name));
    EXPECT_LE(of_map.median, 1e-4);
    EXPECT_LE(of_map.l2, 1e-2);
  }
}

TEST_P(GoldenAttribution, SmoothGrad) {
  if (!expected_.contains("smoothgrad")) GTEST_SKIP() << "no numbers for this one";
  const auto sign = [](uint32_t h) {
    h ^= h >> 16;
    h *= 0x7feb352d;
    h ^= h >> 15;
    h *= 0x846ca68b;
    h ^= h >> 16;
    return (h & 1U) != 0 ? 1.F : -1.F;
  };
  const auto sigma = expected_["smoothgrad"]["sigma"].get<float>();
  const NoiseOfSample noise = [&](int64_t sample) {
    std::vector<float> added;
    for (size_t i = 0; i < photograph_.data.size(); ++i)
      added.push_back(sigma * sign(static_cast<uint32_t>(i) + 65536U * static_cast<uint32_t>(sample)));
    return added;
  };
  const auto gradients = program();
  const HostTensor mean = smooth_gradient(*gradients, photograph_, expected_["smoothgrad"]["samples"], noise);
  const Errors of_mean = errors(wide(mean), tensor("smoothgrad"));
  EXPECT_LE(of_mean.median, 1e-4);
  EXPECT_LE(of_mean.l2, 1e-2);
}

TEST_P(GoldenAttribution, GradCam) {
  for (const auto& one : expected_["grad_cam"]) {
    const std::string layer = one["layer"];
    const auto gradients = program({layer});
    gradients->run(photograph_);
    const HostTensor activations = gradients->value_at(0);
    std::vector<double> map = grad_cam(activations, gradients->gradient_at(0));
    EXPECT_LE(errors(map, tensors_.at(one["raw"].get<std::string>()).data).largest, 1e-2) << layer;
    EXPECT_LE(errors(map, tensors_.at(one["raw"].get<std::string>()).data).median, 1e-5) << layer;
    for (double& number : map) number = std::max(number, 0.0);
    const std::vector<double> large = upsampled(map, activations.dims[2], activations.dims[3], kSide, kSide);
    EXPECT_LE(errors(large, tensors_.at(one["upsampled"].get<std::string>()).data).median, 1e-5) << layer;
  }
}

TEST_P(GoldenAttribution, ChannelsAndPositionsOfALayer) {
  const auto& inner = expected_["inner_attribution"];
  const std::string layer = inner["layer"];
  const auto expected = [&](const char* form, const char* sums) -> const std::vector<double>& {
    std::string name = layer;
    std::replace(name.begin(), name.end(), '/', '_');
    return tensor("inner", fmt::format("/{}/{}/{}", name, form, sums));
  };
  const auto gradients = program({layer});
  gradients->run(photograph_);
  const HostTensor activations = gradients->value_at(0);
  const HostTensor linear = times(activations, gradients->gradient_at(0));
  EXPECT_NEAR(sum_of(linear), inner["linear_sum"], 1e-4 * std::abs(inner["linear_sum"].get<double>()));
  EXPECT_LE(errors(over_positions(linear), expected("linear", "channels")).largest, 1e-4);
  EXPECT_LE(errors(over_channels(linear), expected("linear", "positions")).largest, 1e-4);
  const Shape shape{1, activations.dims[1], activations.dims[2], activations.dims[3]};
  GradientProgram head(model_, *backend_, objective_, {1, 3, kSide, kSide}, layer, shape);
  const HostTensor nothing{activations.dims, std::vector<float>(activations.data.size(), 0.F)};
  const PathAttribution path = path_attribution(head, activations, nothing, PathRule::midpoint, kSteps);
  EXPECT_NEAR(path.sum, inner["path_sum"], 1e-3 * std::abs(inner["path_sum"].get<double>()));
  EXPECT_NEAR(path.baseline, inner["logit_with_layer_at_zero"], 1e-4);
  EXPECT_LE(errors(over_positions(path.map), expected("path", "channels")).largest, 1e-3);
  EXPECT_LE(errors(over_channels(path.map), expected("path", "positions")).largest, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Networks, GoldenAttribution,
                         ::testing::Values(std::pair{"squeezenet", "chelsea"}, std::pair{"squeezenet", "parrots"},
                                           std::pair{"googlenet", "chelsea"}, std::pair{"googlenet", "parrots"}),
                         [](const auto& one) { return std::string(one.param.first) + "_" + one.param.second; });

}  // namespace
}  // namespace phosphene::golden_attribution_test
