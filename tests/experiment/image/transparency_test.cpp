// Transparent images: what is optimised, what the network sees of it, what is kept.
#include <gtest/gtest.h>
#include <png.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiment/photos/photo_file.h"
#include "loaders/safetensors.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::testing::transparency_test {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPlane = 24 * 24;

Json transparent_config(const TemporaryFolder& folder, int64_t channels = 3) {
  Json config = small_config(folder, channels);
  config["transparency"] = Json::object();
  return config;
}

double first_objective(const std::string& out) { return record_of(out, "conv3-pre_1")["curve"][0][1].get<double>(); }

// Pixels of four bytes, whatever the file has.
std::vector<uint8_t> rgba(const std::string& path) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_file(&png, path.c_str()), 0) << path;
  png.format = PNG_FORMAT_RGBA;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(png));
  EXPECT_NE(png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr), 0) << path;
  return pixels;
}

std::vector<float> image_of(const std::string& out) {
  return Safetensors::open(out + "/floats/conv3-pre_1.safetensors").tensor("image").data;
}

// A start whose channels are constant, but for the first, which changes by `ripple` from pixel to pixel.
void write_pixels(const TemporaryFolder& folder, const std::string& name, const std::vector<float>& channels,
                  float ripple = 0) {
  std::vector<float> pixels;
  for (const float number : channels) pixels.insert(pixels.end(), kPlane, number);
  for (size_t i = 0; i < kPlane; i += 2) pixels[i] += ripple;
  write_safetensors(folder.file(name), {{"pixels", {std::ssize(channels), 24, 24}, pixels}});
}

Json from_pixels(Json config, const std::string& name) {
  config["parameterization"] = {{"pixel", Json::object()}};
  config["initial"] = name;
  config["steps"] = 2;
  return config;
}

TEST(Transparency, PicturesAreKeptWithTheirAlpha) {
  const TemporaryFolder folder;
  Json config = transparent_config(folder);
  config["snapshots"] = {0, 4};
  config["save"] = {"image", "spectrum", "power_spectrum"};
  const std::string out = folder.file("run");
  ASSERT_EQ(render(folder, config, out).finished, 1);
  const Safetensors floats = Safetensors::open(out + "/floats/conv3-pre_1.safetensors");
  EXPECT_EQ(floats.entry("image").shape, (std::vector<int64_t>{4, 24, 24}));
  EXPECT_EQ(floats.entry("re").shape, (std::vector<int64_t>{4, 24, 13}));
  const std::vector<float> image = floats.tensor("image").data;
  const std::vector<uint8_t> pixels = rgba(out + "/images/conv3-pre_1.png");
  ASSERT_EQ(pixels.size(), image.size());
  for (size_t i = 0; i < image.size(); ++i)
    ASSERT_EQ(pixels[i], std::lround(image[i % 4 * kPlane + i / 4] * 255.F)) << i;
  for (const char* name : {"conv3-pre_1.png", "conv3-pre_1_step00.png", "conv3-pre_1_step04.png"})
    EXPECT_EQ(colour_type(out + "/images/" + name), 6) << name;
  EXPECT_FALSE(record_of(out, "conv3-pre_1")["spectrum"]["rings"].empty());
  const auto [least, most] = std::minmax_element(image.begin() + 3 * kPlane, image.end());
  EXPECT_LT(*least, 0.45F) << "alpha moves";
  EXPECT_GT(*most, 0.55F);

  Json next = transparent_config(folder);
  next["initial"] = "run/floats/conv3-pre_1.safetensors";
  next["snapshots"] = {0};
  render(folder, next, folder.file("next"));
  EXPECT_EQ(contents_of(out + "/images/conv3-pre_1.png"),
            contents_of(folder.file("next/images/conv3-pre_1_step00.png")));
}

TEST(Transparency, AGrayPictureHasAlphaToo) {
  const TemporaryFolder folder;
  render(folder, transparent_config(folder, 1), folder.file("run"));
  EXPECT_EQ(colour_type(folder.file("run/images/conv3-pre_1.png")), 4);
  for (const int64_t channels : {2, 4}) {
    EXPECT_TRUE(refuses([&] { render(folder, transparent_config(folder, channels), folder.file("none")); },
                        {"/transparency", std::to_string(channels) + " channels"}));
  }
}

// Where alpha is 1 to the bit the network sees what it sees of an opaque image; where it is 0 it sees the background, another one for
// each step and seed, whatever the colours are.
TEST(Transparency, TheNetworkSeesTheImageOverItsBackground) {
  const TemporaryFolder folder;
  write_pixels(folder, "opaque.safetensors", {0.3F, -0.2F, 0.1F});
  write_pixels(folder, "solid.safetensors", {0.3F, -0.2F, 0.1F, 30});
  write_pixels(folder, "clear.safetensors", {0.3F, -0.2F, 0.1F, -100}, 1);
  write_pixels(folder, "red and clear.safetensors", {3, -1, 0, -100}, 1);
  Json config = small_config(folder);
  config["transforms"] = "none";
  render(folder, from_pixels(config, "opaque.safetensors"), folder.file("opaque"));
  config["transparency"] = {{"gamma", false}};
  render(folder, from_pixels(config, "solid.safetensors"), folder.file("solid"));
  EXPECT_EQ(first_objective(folder.file("opaque")), first_objective(folder.file("solid")));

  render(folder, from_pixels(config, "clear.safetensors"), folder.file("clear"));
  render(folder, from_pixels(config, "red and clear.safetensors"), folder.file("red"));
  EXPECT_EQ(first_objective(folder.file("clear")), first_objective(folder.file("red")));
  EXPECT_NE(first_objective(folder.file("clear")), first_objective(folder.file("solid")));
  const Json curve = record_of(folder.file("clear"), "conv3-pre_1")["curve"];
  EXPECT_NE(curve[0][1], curve[1][1]) << "nothing of the image is seen: the background has changed";
  config["seed"] = 5;
  render(folder, from_pixels(config, "clear.safetensors"), folder.file("other seed"));
  EXPECT_NE(first_objective(folder.file("other seed")), first_objective(folder.file("clear")));
  config["transparency"]["background"] = {{"sd", 0}};
  render(folder, from_pixels(config, "clear.safetensors"), folder.file("grey"));
  write_pixels(folder, "mid-grey.safetensors", {0, 0, 0});
  config.erase("transparency");
  render(folder, from_pixels(config, "mid-grey.safetensors"), folder.file("mid-grey"));
  EXPECT_EQ(first_objective(folder.file("grey")), first_objective(folder.file("mid-grey")));
}

// Between both the linear light of half and half is brighter than the mean of the numbers: another objective.
TEST(Transparency, GammaChangesWhatIsSeen) {
  const TemporaryFolder folder;
  write_pixels(folder, "half.safetensors", {3, 0, 0, 0});
  Json config = transparent_config(folder);
  render(folder, from_pixels(config, "half.safetensors"), folder.file("linear"));
  config["transparency"]["gamma"] = false;
  render(folder, from_pixels(config, "half.safetensors"), folder.file("plain"));
  EXPECT_NE(first_objective(folder.file("linear")), first_objective(folder.file("plain")));
}

// The mean of alpha times its weight, beside an objective that is too light to count; penalties on the image do not see alpha. Alpha is a
// sigmoid to 16 eps, and the sum of 576 is rounded to 4 eps sqrt(576): 1e-5 is several times as much.
TEST(Transparency, MeanAlphaIsTheMeanAndOtherPenaltiesReadTheColours) {
  const TemporaryFolder folder;
  Json config = transparent_config(folder);
  config["objective"][0]["weight"] = 1e-30;
  const auto value = [&](const std::string& penalty, float alpha) {
    write_pixels(folder, "start.safetensors", {1, -1, 0.5F, alpha}, 0.5F);
    Json one = from_pixels(config, "start.safetensors");
    one["objective"].push_back({{penalty, Json::object()}, {"weight", -8}});
    const std::string out = folder.file(penalty + std::to_string(alpha));
    render(folder, one, out);
    return first_objective(out);
  };
  for (const float alpha : {-2.F, 0.F, 1.F})
    EXPECT_NEAR(value("mean_alpha", alpha), -8 / (1 + std::exp(-static_cast<double>(alpha))), 8e-5);
  for (const char* penalty : {"total_variation", "l1", "l2", "blur"}) {
    EXPECT_EQ(value(penalty, -2), value(penalty, 3)) << penalty;
    EXPECT_LT(value(penalty, 3), -0.1) << penalty;
  }
}

TEST(Transparency, AlphaThatCostsMoreIsLess) {
  const TemporaryFolder folder;
  Json config = transparent_config(folder);
  config["steps"] = 40;
  config["save"] = {"image"};
  config["objective"].push_back({{"mean_alpha", Json::object()}, {"weight", -1}});
  const auto mean = [&](double weight) {
    config["objective"][1]["weight"] = weight;
    const std::string out = folder.file(std::to_string(weight));
    render(folder, config, out);
    const std::vector<float> image = image_of(out);
    return std::accumulate(image.begin() + 3 * kPlane, image.end(), 0.0) / kPlane;
  };
  const double dear = mean(-1e6), cheap = mean(1e6);
  EXPECT_LT(dear, 0.4);
  EXPECT_GT(cheap, 0.6);
}

// Every parameterization that has an alpha channel; neither the batch, nor threads, nor a stop change a byte.
TEST(Transparency, BelongsToItsImages) {
  int which = 0;
  for (const char* parameterization :
       {R"({"fourier": {}})", R"({"pixel": {}})", R"({"laplacian_pyramid": {"levels": 3}})", R"({"shared": {}})"}) {
    SCOPED_TRACE(parameterization);
    const TemporaryFolder folder;
    Json config = transparent_config(folder);
    config["parameterization"] = Json::parse(parameterization);
    config["objective"].push_back({{"mean_alpha", Json::object()}, {"weight", -10}, {"image", 1}});
    config["images"] = 2;
    config["save"] = {"image"};
    config["sweep"] = {{"/objective/0/channel/unit", {1, 2}}};
    config["batch"] = 2;
    EXPECT_EQ(render(folder, config, folder.file("alone")).finished, 4);
    const auto files = files_of(folder.file("alone"));
    for (const char* lost : {"alone/records/conv3-pre_0002_image0.json", "alone/records/conv3-pre_0002_image1.json"})
      fs::remove(folder.file(lost));
    EXPECT_EQ(render(folder, config, folder.file("alone")).skipped, 2);
    EXPECT_EQ(files_of(folder.file("alone")), files);
    config["batch"] = 4;
    RunOptions three;
    three.device.threads = 3;
    render(folder, config, folder.file("together"), three);
    EXPECT_EQ(results_of(folder.file("alone")), results_of(folder.file("together")));
    const Json record = record_of(folder.file("alone"), "conv3-pre_0001_image0");
    EXPECT_GT(record["curve"].back()[1].get<double>(), record["curve"].front()[1].get<double>());
    ++which;
  }
  EXPECT_EQ(which, 4);
}

// Backgrounds count steps as transforms do: a phase of the same optimisation goes on.
TEST(Transparency, PhasesGoOn) {
  const TemporaryFolder folder;
  Json config = transparent_config(folder);
  render(folder, config, folder.file("whole"));
  config["steps"] = 5;
  config["phases"] = Json::parse(R"([{"steps": 7}])");
  render(folder, config, folder.file("parts"));
  EXPECT_EQ(contents_of(folder.file("whole/images/conv3-pre_1.png")),
            contents_of(folder.file("parts/images/conv3-pre_1.png")));
}

// Recorded transforms have no keys of their own.
TEST(Transparency, GoesWithRecordedTransforms) {
  const TemporaryFolder folder;
  const std::vector<float> identity = {1, 0, 0, 0, 1, 0};
  write_safetensors(folder.file("identity.safetensors"), {{"matrices", {1, 2, 3}, identity}});
  Json config = transparent_config(folder);
  config["transforms"] = "none";
  render(folder, config, folder.file("none"));
  config["transforms"] = {{"replay", "identity.safetensors"}};
  render(folder, config, folder.file("replayed"));
  EXPECT_EQ(contents_of(folder.file("none/images/conv3-pre_1.png")),
            contents_of(folder.file("replayed/images/conv3-pre_1.png")));
}

}  // namespace
}  // namespace phosphene::testing::transparency_test
