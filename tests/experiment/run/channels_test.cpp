// Networks that see other than three channels, and images of any size.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "experiment/examples/unit_responses.h"
#include "experiment/photos/photo_file.h"
#include "loaders/load_model.h"
#include "loaders/safetensors.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::testing::channels_test {
namespace {

namespace fs = std::filesystem;

// What a PNG says of its pixels (its specification, 11.2.2): 0 gray, 2 colours.
// The gray or colours that a picture is meant to show: of two channels the first, of more the first three.
Photo shown(const std::vector<float>& planar, int64_t channels, int64_t height, int64_t width) {
  HostTensor colours{{1, 3, height, width}, {}};
  const auto plane = static_cast<ptrdiff_t>(height * width);
  for (ptrdiff_t c = 0; c < 3; ++c) {
    const auto first = planar.begin() + (channels < 3 ? 0 : c * plane);
    colours.data.insert(colours.data.end(), first, first + plane);
  }
  return to_photo(colours);
}

class Channels : public ::testing::TestWithParam<int64_t> {
 protected:
  [[nodiscard]] Json config() const { return small_config(folder_, GetParam()); }

  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(OneTwoFour, Channels, ::testing::Values(1, 2, 4));

TEST_P(Channels, RenderIntoPicturesOfThem) {
  Json config = this->config();
  config["size"] = {17, 31};
  config["snapshots"] = {0, 6};
  config["save"] = {"image", "spectrum", "power_spectrum"};
  config["objective"].push_back({{"total_variation", Json::object()}, {"weight", -0.001}});
  const std::string out = folder_.file("run");
  const RunResult result = render(folder_, config, out);
  ASSERT_EQ(result.finished, 1) << (result.stopped.empty() ? "" : result.stopped.front());
  const Json record = record_of(out, "conv3-pre_1");
  EXPECT_GT(record["curve"].back()[1].get<double>(), record["curve"].front()[1].get<double>());
  const Safetensors floats = Safetensors::open(out + "/floats/conv3-pre_1.safetensors");
  EXPECT_EQ(floats.entry("image").shape, (std::vector<int64_t>{GetParam(), 17, 31}));
  EXPECT_EQ(floats.entry("re").shape, (std::vector<int64_t>{GetParam(), 17, 17}));
  for (const char* name : {"conv3-pre_1.png", "conv3-pre_1_step00.png", "conv3-pre_1_step06.png"})
    EXPECT_EQ(colour_type(out + "/images/" + name), GetParam() == 4 ? 2 : 0) << name;
  EXPECT_EQ(read_photo(out + "/images/conv3-pre_1.png").rgb,
            shown(floats.tensor("image").data, GetParam(), 17, 31).rgb);
  EXPECT_TRUE(fs::exists(result.report));
}

// A plain sigmoid: without the objective's pull and with every number 0 the picture is mid-grey, which decorrelated colours are too;
// but each channel by itself depends on its own number alone.
TEST_P(Channels, AreNotMixed) {
  Json config = this->config();
  const int64_t channels = GetParam();
  std::vector<float> pixels(static_cast<size_t>(channels) * 24 * 24, 0.F);
  std::fill(pixels.end() - ptrdiff_t{24} * 24, pixels.end(), 2.F);
  pixels.front() = 1;  // a picture of one colour would be given up
  write_safetensors(folder_.file("start.safetensors"), {{"pixels", {channels, 24, 24}, pixels}});
  config["initial"] = "start.safetensors";
  config["parameterization"] = {{"pixel", Json::object()}};
  config["steps"] = 1;
  config["optimizer"] = {{"adam", {{"learning_rate", 1e-9}}}};
  config["save"] = {"image"};
  render(folder_, config, folder_.file("run"));
  const std::vector<float> image =
      Safetensors::open(folder_.file("run/floats/conv3-pre_1.safetensors")).tensor("image").data;
  for (size_t i = 1; i < image.size(); ++i)
    ASSERT_NEAR(image[i], i < image.size() - 24 * 24 ? 0.5 : 1 / (1 + std::exp(-2.0)), 1e-6) << i;
}

// Every parameterization that any network has, whatever the batch, and after a stop.
TEST_P(Channels, HaveEveryParameterizationAndResume) {
  int which = 0;
  for (const char* parameterization :
       {R"({"fourier": {}})", R"({"pixel": {}})", R"({"laplacian_pyramid": {"levels": 3}})", R"({"shared": {}})",
        R"({"cppn": {"layers": 2, "channels": 4}})"}) {
    SCOPED_TRACE(parameterization);
    Json config = this->config();
    config["parameterization"] = Json::parse(parameterization);
    config["images"] = 2;
    config["batch"] = 2;
    config["sweep"] = {{"/objective/0/channel/unit", {1, 2}}};
    const std::string whole = folder_.file(std::to_string(which) + "whole"),
                      together = folder_.file(std::to_string(which) + "together");
    which++;
    EXPECT_EQ(render(folder_, config, whole).finished, 4);
    const auto files = files_of(whole);
    for (const char* lost : {"/records/conv3-pre_0002_image0.json", "/records/conv3-pre_0002_image1.json"})
      fs::remove(whole + lost);
    EXPECT_EQ(render(folder_, config, whole).skipped, 2);
    EXPECT_EQ(files_of(whole), files);
    config["batch"] = 4;
    render(folder_, config, together);
    EXPECT_EQ(results_of(whole), results_of(together));
  }
}

// A phase of another parameterization takes the picture over as it is; one of another size would have to scale it.
TEST_P(Channels, GoThroughPhasesOfOneSize) {
  Json config = this->config();
  config["phases"] = Json::parse(R"([{"parameterization": {"pixel": {}}, "steps": 4}])");
  config["snapshots"] = {12, 16};
  EXPECT_EQ(render(folder_, config, folder_.file("run")).finished, 1);
  EXPECT_NE(contents_of(folder_.file("run/images/conv3-pre_1_step12.png")),
            contents_of(folder_.file("run/images/conv3-pre_1_step16.png")));
  config["phases"][0]["size"] = 32;
  EXPECT_TRUE(refuses([&] { render(folder_, config, folder_.file("scaled")); }, {"/size", "channels"}));
  EXPECT_FALSE(fs::exists(folder_.file("scaled"))) << "before anything is done";
}

// Everything that a photograph would be needed for, and colours of three.
TEST_P(Channels, AreRefusedAPhotographInOneLine) {
  const std::string sees = std::to_string(GetParam()) + " channels";
  const std::vector<float> grey(size_t{3} * 24 * 24, 0.5F);
  write_png(folder_.file("photo.png"), grey.data(), 3, 24, 24);
  const auto expect_refused = [&](const Json& keys, const std::string& place, const std::string& why) {
    Json config = this->config();
    config.update(keys);
    EXPECT_TRUE(refuses([&] { render(folder_, config, folder_.file("run")); }, {place, why})) << keys;
    EXPECT_FALSE(fs::exists(folder_.file("run"))) << keys;
  };
  expect_refused({{"initial", "photo.png"}}, "/initial", sees);
  for (const char* colour : {"decorrelated", "clipped"})
    expect_refused({{"colour", colour}}, "/colour", "the network reads " + std::to_string(GetParam()));
  for (const char* kind : {"caricature", "inversion"}) {
    const Json term = {{kind, {{"layer", "conv2"}, {"photo", "photo.png"}}}};
    expect_refused({{"objective", Json::array({term})}}, std::string("/objective/0/") + kind, sees);
  }
  const Model model = load_model(folder_.file(this->config()["model"]));
  EXPECT_TRUE(refuses([&] { UnitResponses(model, "conv2", "0", {1}); }, {sees}));
}

TEST_P(Channels, AreRefusedAPriorOfThree) {
  Json config = this->config();
  config["size"] = 48;
  config["parameterization"] = {{"prior", Json::object()}};
  EXPECT_TRUE(refuses([&] { render(folder_, config, folder_.file("run")); }, {"draws 3 channels", "generator"}));
}

}  // namespace
}  // namespace phosphene::testing::channels_test
