#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/image/image.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "loaders/safetensors.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace phosphene::testing::maco_image_test {
namespace {

class MacoImage : public ::testing::Test {
 protected:
  Config config(const Json& maco, const Json& more = Json::object()) {
    Json json = small_config(folder_);
    json["parameterization"]["maco"] = maco;
    json.update(more);
    return parse_config(json, "test.json", folder_.path().string());
  }
  void write_magnitude(const std::vector<int64_t>& shape, const std::vector<float>& numbers) {
    write_safetensors(folder_.file("m.safetensors"), {NamedTensor("magnitude", shape, numbers)});
  }
  [[nodiscard]] std::vector<float> after(const Config& config, int steps) {
    StepProgram program(model_, config, 1, *backend_);
    program.start({batch_image(config, 0)});
    for (int step = 0; step < steps; ++step) program.step();
    return program.images().data;
  }

  TemporaryFolder folder_;
  Model model_ = small_network();
  std::unique_ptr<Backend> backend_ = make_cpu_backend(2);
};

TEST_F(MacoImage, MagnitudesComeFromTheFile) {
  std::vector<float> numbers(3 * 24 * 13);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i % 13 == 1 ? 1 : 0;  // one cycle across, any down
  write_magnitude({3, 24, 13}, numbers);
  const std::vector<float> file = after(config({{"magnitude", "m.safetensors"}}), 0), formula = after(config(Json::object()), 0);
  EXPECT_NE(file, formula);
  // Half a cycle away each pixel before colour has the other sign: sigmoids add to 1, rounded twice.
  for (size_t row = 0; row < file.size(); row += 24)
    for (size_t x = 0; x < 12; ++x) EXPECT_NEAR(file[row + x] + file[row + x + 12], 1, 1e-5);
}

TEST_F(MacoImage, WhatDoesNotFitIsRefused) {
  const auto refused = [&](const Config& config, const std::vector<std::string>& words) {
    return refuses([&] { (void)StepProgram(model_, config, 1, *backend_); }, words);
  };
  const std::string place = "test.json: /parameterization/maco/magnitude: ";
  EXPECT_TRUE(refused(config({{"magnitude", "none.safetensors"}}), {place, "none.safetensors"}));
  write_magnitude({1, 24, 13}, std::vector<float>(24 * 13, 1.F));
  EXPECT_TRUE(refused(config({{"magnitude", "m.safetensors"}}), {place, "1 channels", "reads 3"}));
  write_magnitude({3, 4}, std::vector<float>(12, 1.F));
  EXPECT_TRUE(refused(config({{"magnitude", "m.safetensors"}}), {place, "[3, 4]"}));
}

// A run that is taken up has the phase as it was, not standardised: the pictures are the same to the bit.
TEST_F(MacoImage, GoesOnWhereItWasLeft) {
  const Config settings = config(Json::object(), {{"steps", 8}, {"transforms", {{"list", "distill"}, {"noise", 0.1}}}});
  const std::vector<BatchImage> images = {batch_image(settings, 0)};
  StepProgram whole(model_, settings, 1, *backend_), first(model_, settings, 1, *backend_),
      second(model_, settings, 1, *backend_);
  whole.start(images);
  for (int step = 0; step < 8; ++step) whole.step();
  first.start(images);
  for (int step = 0; step < 3; ++step) first.step();
  second.resume(images, {first.read_group(0)});
  for (int step = 3; step < 8; ++step) second.step();
  EXPECT_EQ(second.images().data, whole.images().data);
  EXPECT_NE(first.images().data, whole.images().data);
}

// Noise is another at each step and for each image, and of the deviation asked for: without an ascent, on what the network sees.
TEST_F(MacoImage, NoiseChangesWhatIsSeenAlone) {
  const Json none = {{"transforms", "none"}}, noisy = {{"transforms", {{"list", "none"}, {"noise", 0.1}}}};
  EXPECT_EQ(after(config(Json::object(), none), 0), after(config(Json::object(), noisy), 0));
  EXPECT_NE(after(config(Json::object(), none), 1), after(config(Json::object(), noisy), 1));
}

// The entry "maco": the value of its objective, of its phase through its image and SqueezeNet 1.1 (float64 in PyTorch); 1e-5 as an image has.
TEST_F(MacoImage, HasTheGoldenValue) {
  PHOSPHENE_ASSET(path, "reference/golden/evidence.safetensors");
  PHOSPHENE_ASSET(network, "models/squeezenet1_1.onnx");
  PHOSPHENE_ASSET(index, "reference/golden/evidence.json");
  const std::map<std::string, Array> golden = read_golden_tensors(path);
  write_magnitude({3, 64, 33}, golden.at("maco/magnitude").floats());
  const Model model = load_model(network.string());
  const Json json = {{"model", network.string()},
                     {"size", 64},
                     {"parameterization", {{"maco", {{"magnitude", "m.safetensors"}}}}},
                     {"transforms", "none"},
                     {"steps", 1},
                     {"objective", Json::array({{{"channel", {{"layer", "features.3"}, {"unit", 5}}}}})}};
  const Config settings = parse_config(json, "test.json", folder_.path().string());
  StepProgram program(model, settings, 1, *backend_);
  program.start({batch_image(settings, 0)});
  program.states().write(kParameterState, golden.at("maco/phase").floats());
  EXPECT_TRUE(near_largest(program.images().data, golden.at("maco/image").data, 1e-5));
  program.step();
  const double value = read_json(index.string()).at("maco").at("value").get<double>();
  EXPECT_NEAR(program.states().read<float>(kHistoryState)[0], value, 1e-5 * value);
}

}  // namespace
}  // namespace phosphene::testing::maco_image_test
