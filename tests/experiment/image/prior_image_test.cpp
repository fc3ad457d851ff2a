#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/image/image.h"
#include "experiment/photos/photo_features.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/experiment/small_experiment.h"
#include "tests/loaders/small_generator.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::testing::prior_image_test {
namespace {

constexpr const char* kPhotoKey = "/parameterization/prior/from";

class PriorImage : public ::testing::Test {
 protected:
  PriorImage() { generator_.tensors["encoder_proj"] = scaled(generator_.tensors["encoder_proj"], 0x1p-4F); }

  // Of channel 1 of conv3:pre, as small_config() has it, with this prior.
  Config config(const Json& prior, const Json& more = Json::object()) {
    generator_.write(folder_.file("g.safetensors"));
    Json json = small_config(folder_);
    json["parameterization"]["prior"] = prior;
    if (!prior.contains("generator")) json["parameterization"]["prior"]["generator"] = "g.safetensors";
    json.update(more);
    return parse_config(json, "test.json", folder_.path().string());
  }
  std::unique_ptr<ImageParameters> parameters(const Config& config, const Shape& image = {1, 3, 24, 24}) {
    return config.image.parameterization->make({image, 1, "test.json", model_, *backend_});
  }
  StepProgram program(const Config& config, int64_t n = 1) { return {model_, config, n, *backend_}; }

  ::testing::AssertionResult refused(const Json& prior, const std::vector<std::string>& words,
                                     const Json& more = Json::object()) {
    return refuses([&] { (void)program(config(prior, more)); }, words);
  }

  // A photograph of random pixels, 30 x 40.
  std::string write_photo() {
    std::vector<float> pixels;
    for (const double number : random_numbers(3 * 30 * 40, 1, 0, 1)) pixels.push_back(static_cast<float>(number));
    write_png(folder_.file("photo.png"), pixels.data(), 3, 30, 40);
    return folder_.file("photo.png");
  }

  static SmallGenerator::Tensor scaled(SmallGenerator::Tensor tensor, float factor) {
    for (float& number : tensor.numbers) number *= factor;
    return tensor;
  }

  TemporaryFolder folder_;
  Model model_ = small_network();
  std::unique_ptr<Backend> backend_ = make_cpu_backend(2);
  SmallGenerator generator_;
};

// 12 x 12 vectors of 4 numbers: the mean of 576 draws of N(0, 1) is off by 1 / 24, their mean square by sqrt(2) / 24; four of those.
TEST_F(PriorImage, StartsAroundTheMeanOfAllCodes) {
  const Config with_noise = config({{"sd", 0.5}});
  const auto prior = parameters(with_noise);
  EXPECT_EQ(to_string(prior->parameters()[0].info.shape), "1x4x12x12");
  const std::vector<DrawKey> keys = {{7, 0}, {7, 1}};
  const std::vector<float> both = prior->drawn_start(0, keys);
  const std::vector<float> mean = {0, 0.25F, -0.5F, 1}, deviation = {1, 0.5F, 2, 1};
  double sum = 0, squares = 0;
  for (size_t i = 0; i < 576; ++i) {
    const double draw = (both[i] - mean[i % 4]) / (0.5 * deviation[i % 4]);
    sum += draw;
    squares += draw * draw;
  }
  EXPECT_NEAR(sum / 576, 0, 4.0 / 24);
  EXPECT_NEAR(squares / 576, 1, 4 * std::sqrt(2) / 24);
  const std::vector<float> second = prior->drawn_start(0, std::span(keys).subspan(1));
  EXPECT_TRUE(same_bits({both.begin() + 576, both.end()}, second)) << "alone as in a batch";
  EXPECT_NE(std::vector<float>(both.begin(), both.begin() + 576), second);

  const Config without = config({{"sd", 0}});
  const std::vector<float> still = parameters(without)->drawn_start(0, keys);
  for (size_t i = 0; i < still.size(); ++i) ASSERT_EQ(still[i], mean[i % 4]);
}

// A rate far too large throws the code against its bounds at once.
TEST_F(PriorImage, StepsStayWithinTheBounds) {
  const Json fast = {{"optimizer", {{"adam", {{"learning_rate", 3}}}}}, {"images", 2}};
  for (const double norm : {2.0, 1e6}) {
    const Config bounded = config({{"norm", norm}}, fast);
    StepProgram steps = program(bounded, 2);
    steps.start({batch_image(bounded, 0), batch_image(bounded, 1)});
    for (int step = 0; step < 3; ++step) steps.step();
    const auto code = steps.states().read<float>(kParameterState);
    const std::vector<float> least = {-3, -1, -6, -2}, most = {3, 2, 6, 4};
    int at_the_bound = 0, long_ones = 0;
    for (size_t first = 0; first < code.size(); first += 4) {
      double squares = 0;
      for (size_t c = 0; c < 4; ++c) {
        ASSERT_GE(code[first + c], least[c]);
        ASSERT_LE(code[first + c], most[c]);
        at_the_bound += code[first + c] == least[c] || code[first + c] == most[c] ? 1 : 0;
        squares += code[first + c] * code[first + c];
      }
      // The factor, its product and the root: a few roundings.
      ASSERT_LE(std::sqrt(squares), norm * (1 + 0x1p-21));
      long_ones += std::sqrt(squares) > norm * (1 - 0x1p-21) ? 1 : 0;
    }
    EXPECT_GT(norm == 2 ? long_ones : at_the_bound, 100) << "of 288 vectors";
  }
}

// The objective is infinite, so its image is frozen in the first step: as it started, even where that is out of bounds.
TEST_F(PriorImage, AFrozenImageKeepsItsCode) {
  const Config frozen =
      config({{"sd", 3}, {"norm", 0.5}},
             {{"objective", {{{"channel", {{"layer", "conv3:pre"}, {"unit", 5}}}, {"weight", 1e30}}}}});
  StepProgram steps = program(frozen);
  steps.start({batch_image(frozen, 0)});
  const auto before = steps.states().read<float>(kParameterState);
  steps.step();
  EXPECT_TRUE(same_bits(steps.states().read<float>(kParameterState), before));
}

// Against the network run by another way and a projection by loops; both round the same features once.
TEST_F(PriorImage, StartsFromAPhotograph) {
  const std::string photo = write_photo();
  const Config from = config({{"from", "photo.png"}});
  const auto prior = parameters(from);
  const std::vector<DrawKey> keys = {{0, 0}};
  const std::vector<float> code = prior->drawn_start(0, keys);

  const HostTensor input = resize_and_crop(read_photo(photo), 24, 24);
  Array prepared{{1, 3, 24, 24}, {}};
  const std::vector<float> mean = {104, 117, 123};
  for (const size_t channel : {2U, 1U, 0U})
    for (size_t i = 0; i < 576; ++i)
      prepared.data.push_back(static_cast<float>(255 * input.data[channel * 576 + i] - mean[2 - channel]));
  const HostTensor features = activations(model_, prepared, {"conv2"}).at("conv2");
  std::vector<double> expected;
  int clipped = 0;
  for (size_t position = 0; position < 144; ++position) {
    for (size_t k = 0; k < 4; ++k) {
      double sum = 0;
      for (size_t f = 0; f < 8; ++f)
        sum +=
            (static_cast<double>(features.data[f * 144 + position]) - generator_.tensors["encoder_mean"].numbers[f]) *
            generator_.tensors["encoder_proj"].numbers[f * 4 + k];
      clipped += std::abs(sum) > 3 ? 1 : 0;
      expected.push_back(std::clamp(sum, -3.0, 3.0));
    }
  }
  EXPECT_GT(clipped, 0);
  EXPECT_LT(clipped, 500);
  // The prepared input may round the other way in the last place; a feature is a sum of 72 products of it.
  EXPECT_TRUE(near_largest(code, expected, 4 * std::sqrt(72) * 0x1p-24));

  const Config noisy = config({{"from", "photo.png"}, {"sd", 0.1}});
  EXPECT_NE(parameters(noisy)->drawn_start(0, keys), code);
}

TEST_F(PriorImage, RefusesAnImageThatTheGeneratorCannotDraw) {
  EXPECT_TRUE(refused({}, {"test.json: /size", "25 x 30", "the nearest is 26 x 30"}, {{"size", {25, 30}}}));
  EXPECT_TRUE(refused({}, {"/size", "the nearest is 2 x 2"}, {{"size", 1}}));
  generator_.edit("layers", "\"out_channels\": 3", "\"out_channels\": 1");
  generator_.tensors["out.weight"] = {{1, 5, 3, 3}, std::vector<float>(45)};
  generator_.tensors["out.bias"] = {{1}, {0}};
  EXPECT_TRUE(refused({}, {"/parameterization/prior/generator", "draws 1 channels", "the model reads 3"}));
}

TEST_F(PriorImage, RefusesAGeneratorThatIsNotThere) {
  const char* key = "test.json: /parameterization/prior/generator: ";
  EXPECT_TRUE(refused({{"generator", "prior_generatr"}}, {key, "did you mean 'prior_generator'"}));
  EXPECT_TRUE(refused({{"generator", "small.safetensors"}}, {key, "is not a generator"})) << "a network";
}

TEST_F(PriorImage, RefusesAPhotographWithoutACode) {
  write_photo();
  EXPECT_TRUE(refused({{"from", "nowhere.png"}}, {"nowhere.png"}));
  generator_.metadata["training"] = R"({"encoder": "pool3_3x3_s2"})";
  EXPECT_TRUE(refused({{"from", "photo.png"}}, {kPhotoKey, "'pool3_3x3_s2'", "the model 'small' does not have"}));
  generator_.metadata["training"] = R"({"encoder": "conv1"})";
  EXPECT_TRUE(refused({{"from", "photo.png"}}, {kPhotoKey, "'conv1'", "1x8x24x24", "1x8x12x12"}));
  generator_.metadata.erase("training");
  EXPECT_TRUE(refused({{"from", "photo.png"}}, {kPhotoKey, "no encoder"}));
}

// kodim07 was held out of the training, whose held-out crops come back with 20.4 dB on the average; a grey one has 15.
TEST_F(PriorImage, RemembersAPhotographThatItHasNotSeen) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  const auto photo = find_asset("photos/kodim07.jpg");
  const Model googlenet = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string());
  const Config from =
      config({{"generator", "prior_generator"}, {"from", photo->string()}},
             {{"size", 224}, {"objective", {{{"channel", {{"layer", "inception_4a/output:pre"}, {"unit", 97}}}}}}});
  StepProgram steps(googlenet, from, 1, *backend_);
  steps.start({batch_image(from, 0)});
  const std::vector<float> drawn = steps.images().data;
  const std::vector<float> seen = resize_and_crop(read_photo(photo->string()), 224, 224).data;
  ASSERT_EQ(drawn.size(), seen.size());
  double squares = 0;
  for (size_t i = 0; i < drawn.size(); ++i) squares += std::pow(static_cast<double>(drawn[i]) - seen[i], 2);
  const double decibels = -10 * std::log10(squares / static_cast<double>(drawn.size()));
  EXPECT_GT(decibels, 18);
  EXPECT_LT(decibels, 26) << "64 of 480 components cannot hold more";
}

}  // namespace
}  // namespace phosphene::testing::prior_image_test
