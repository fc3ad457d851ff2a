#include "experiment/analysis/gradient_maps.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "experiment/photos/photo_file.h"
#include "layers/network/convolution.h"
#include "loaders/load_model.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/experiment/small_experiment.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing::gradient_maps_test {
namespace {

HostTensor photograph(int64_t side) {
  HostTensor image{{1, 3, side, side}, {}};
  for (int64_t i = 0; i < image.elements(); ++i) image.data.push_back(static_cast<float>(i * 7919 % 256) / 255.F);
  return image;
}

// The network's input N C H W of a photograph, from the formula.
Array input_of(const Model& model, const HostTensor& photograph) {
  const auto pixels = static_cast<size_t>(photograph.elements() / 3);
  Array input{photograph.dims, {}};
  for (size_t c = 0; c < 3; ++c)
    for (size_t i = 0; i < pixels; ++i)
      input.data.push_back(255.0 * photograph.data[static_cast<size_t>(model.preprocessing.order[c]) * pixels + i] -
                           static_cast<double>(model.preprocessing.mean[c]));
  return input;
}

// Behind conv2 the channel's mean is linear without a constant, so that it is the sum of values times gradients.
TEST(GradientMaps, OfALinearRestReturnItsValue) {
  const Model model = small_network();
  const auto backend = make_cpu_backend();
  const HostTensor photo = photograph(24);
  const auto maps = gradient_maps(model, *backend, photo, {"conv3:pre", 1}, {"conv2", "conv1"});
  ASSERT_EQ(maps.size(), 3U);
  EXPECT_EQ(maps[0].layer, Model::kInput);
  EXPECT_EQ(maps[1].shape(), (Shape{1, 8, 12, 12}));
  EXPECT_EQ(maps[2].shape(), (Shape{1, 8, 24, 24}));
  const auto values = activations(model, input_of(model, photo), {"conv2", "conv3:pre"});
  const std::vector<float>& behind = values.at("conv3:pre").data;
  const double mean = std::accumulate(behind.begin() + 144, behind.begin() + 288, 0.0) / 144;
  const std::vector<float>& conv2 = values.at("conv2").data;
  double sum = 0, size = 0;
  for (size_t i = 0; i < conv2.size(); ++i) {
    sum += static_cast<double>(conv2[i]) * static_cast<double>(maps[1].gradient.data[i]);
    size += std::abs(static_cast<double>(conv2[i]) * static_cast<double>(maps[1].gradient.data[i]));
  }
  EXPECT_NEAR(sum, mean, 1e-6 * size);  // sums of 72 products in float32: 2^-24 sqrt(72) = 5e-7
}

TEST(GradientMaps, ShowTheStrideWhereItIs) {
  const Model model = small_network();
  const auto backend = make_cpu_backend();
  const auto maps = gradient_maps(model, *backend, photograph(24), {"conv3:pre", 1}, {"conv2", "conv1"});
  const CheckerboardShare behind = checkerboard_share(maps[1].magnitude(), 12, 12),
                          before = checkerboard_share(maps[2].magnitude(), 24, 24);
  // Windows of three that move by two: every other value is in twice as many. Behind the stride the map is even but for its border.
  EXPECT_GT(before.share, 5 * before.even);
  EXPECT_LT(behind.share, behind.even);
  EXPECT_EQ(layers_before_strides(model, "conv3:pre"), std::vector<std::string>{"conv1"});
  EXPECT_TRUE(layers_before_strides(model, "conv1").empty());
}

// The same function of a photograph: the network's input in other units, a power of two for each channel, and its first weights too.
Model in_other_units(Model model) {
  const std::vector<float> factors = {2, 4, 0.5F};
  const auto& first = *model.layers.front().as<Convolution>();
  std::vector<float> weights(first.weights().data, first.weights().data + first.weights().elements());
  const size_t taps = 9;
  for (size_t i = 0; i < weights.size(); ++i) weights[i] *= factors[i / taps % 3];
  model.layers.front().op = std::make_shared<Convolution>(
      first.window(), first.groups(), Weights::from(std::move(weights), first.weights().shape), first.bias());
  for (size_t c = 0; c < factors.size(); ++c) {
    model.preprocessing.scale[c] /= factors[c];
    model.preprocessing.mean[c] /= factors[c];
  }
  return model;
}

TEST(GradientMaps, ShowColoursWhateverTheUnitsOfTheInput) {
  const TemporaryFolder folder;
  const auto backend = make_cpu_backend();
  const HostTensor photo = photograph(24);
  const auto picture = [&](const Model& model, const std::string& out) {
    const ChannelObjective objective{"conv3:pre", 1};
    const auto maps = gradient_maps(model, *backend, photo, objective, {"conv2"});
    write_gradient_maps(folder.file(out), model, photo, objective, maps);
    return contents_of(folder.file(out + "/input_gradient.png"));
  };
  const Model model = small_network(), other = in_other_units(model);
  EXPECT_EQ(picture(model, "bytes"), picture(other, "units"));
  Model forgetful = other;
  forgetful.preprocessing.scale = {255, 255, 255};
  EXPECT_NE(picture(model, "bytes"), picture(forgetful, "wrong")) << "the picture does not show the difference";
}

TEST(GradientMaps, RefuseWhatDoesNotExist) {
  const Model model = small_network();
  const auto backend = make_cpu_backend();
  const HostTensor photo = photograph(24);
  const auto maps = [&](const ChannelObjective& objective, const std::vector<std::string>& layers) {
    return [&model, &backend, &photo, objective, layers] {
      (void)gradient_maps(model, *backend, photo, objective, layers);
    };
  };
  EXPECT_TRUE(refuses(maps({"conv4", 0}, {}), {"conv4", "did you mean"}));
  EXPECT_TRUE(refuses(maps({"conv3", 6}, {}), {"unit 6 does not exist", "0 to 5"}));
  EXPECT_TRUE(refuses(maps({"conv1", 0}, {"conv2"}), {"'conv1' does not depend on 'conv2'"}));
}

// The table of tests/networks/googlenet_test.cpp, on an input that is a photograph again.
TEST(GradientMaps, OfGoogleNetAreThoseOfFloat64) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(index, "reference/golden/input_gradients.json");
  PHOSPHENE_ASSET(tensors_path, "reference/golden/input_gradients.safetensors");
  const Model model = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string());
  const std::map<std::string, Array> tensors = read_golden_tensors(tensors_path);
  std::ifstream index_file(index);
  const nlohmann::json table = nlohmann::json::parse(index_file);
  const auto backend = make_cpu_backend();
  int compared = 0;
  for (const nlohmann::json& described : table["cases"]) {
    if (described["input"] != "coffee227" || described["objective"] != "channel") continue;
    SCOPED_TRACE(described["name"].get<std::string>());
    const Array& input = tensors.at("input/coffee227");
    const size_t pixels = input.data.size() / 3;
    HostTensor photo{input.dims, std::vector<float>(input.data.size())};
    for (size_t c = 0; c < 3; ++c)
      for (size_t i = 0; i < pixels; ++i)
        photo.data[static_cast<size_t>(model.preprocessing.order[c]) * pixels + i] =
            static_cast<float>((input.data[c * pixels + i] + static_cast<double>(model.preprocessing.mean[c])) / 255);
    const auto maps =
        gradient_maps(model, *backend, photo, {described["layer"], described["channel"]}, {"conv1/7x7_s2"});
    const Array& expected = tensors.at(described["tensor"]);
    const nlohmann::json& tolerance = described["suggested_tolerance"];
    // The input is what it was but for two roundings, 2^-23 of 255: as much as the table's own of an activation.
    EXPECT_TRUE(near_median(maps[0].gradient.data, expected.data,
                            tolerance["median_abs_error_over_max_abs_gradient"].get<double>()));
    EXPECT_TRUE(near_l2(maps[0].gradient.data, expected.data, tolerance["relative_l2"].get<double>()));
    EXPECT_EQ(maps[1].shape().c, 64);
    ++compared;
  }
  EXPECT_EQ(compared, 6);
}

}  // namespace
}  // namespace phosphene::testing::gradient_maps_test
