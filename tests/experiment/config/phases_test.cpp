#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/photos/photo_file.h"
#include "loaders/safetensors.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::testing::phases_test {
namespace {

const char* const kPicture = "conv3-pre_1.png";

Json phase_config(const TemporaryFolder& folder, const Json& phases) {
  Json config = small_config(folder);
  config["phases"] = phases;
  config["save"] = {"image"};
  return config;
}

std::vector<float> image_of(const TemporaryFolder& folder, const std::string& run, const std::string& name) {
  return Safetensors::open(folder.file(run + "/floats/" + name + ".safetensors")).tensor("image").data;
}

Json record_of(const TemporaryFolder& folder, const std::string& run, const std::string& name) {
  return read_json(folder.file(run + "/records/" + name + ".json"));
}

// A photograph of smooth colours, away from black and white, where a picture loses nothing to the margin.
std::string write_photo(const TemporaryFolder& folder, int64_t height, int64_t width) {
  std::vector<float> planar;
  for (int c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x)
        planar.push_back(0.5F + 0.3F * std::sin(0.2F * static_cast<float>(x + (c + 1) * y)));
    }
  }
  write_png(folder.file("photo.png"), planar.data(), 3, height, width);
  return "photo.png";
}

// A phase that changes nothing but how many steps there are is the same optimisation: parameters, moments, steps, draws and the
// schedule go on, to the byte.
TEST(Phases, TheSameOptimisationGoesOn) {
  const TemporaryFolder folder;
  for (const char* optimiser : {R"({"adam": {"schedule": {"cosine": {}}, "warmup": 3}})", R"({"nadam": {}})",
                                R"({"sgd": {"schedule": {"exponential": {"decay": 0.5, "every": 4}}}})"}) {
    Json whole = phase_config(folder, Json::array());
    whole["optimizer"] = Json::parse(optimiser);
    Json parts = whole;
    parts["steps"] = 5;
    parts["phases"] = {{{"steps", 3}}, {{"steps", 4}}};
    whole["snapshots"] = parts["snapshots"] = {0, 5, 7, 12};
    const std::string kind = whole["optimizer"].begin().key();
    render(folder, whole, folder.file(kind + "whole"));
    render(folder, parts, folder.file(kind + "parts"));
    for (const char* name : {"conv3-pre_1_step00.png", "conv3-pre_1_step05.png", "conv3-pre_1_step07.png", kPicture}) {
      EXPECT_EQ(contents_of(folder.file(kind + "whole/images/" + name)),
                contents_of(folder.file(kind + "parts/images/" + name)))
          << kind << " " << name;
    }
    const Json a = record_of(folder, kind + "whole", "conv3-pre_1"),
               b = record_of(folder, kind + "parts", "conv3-pre_1");
    EXPECT_EQ(a["curve"], b["curve"]) << kind;
    EXPECT_EQ(a["curve"].size(), 12U);
    EXPECT_EQ(b["steps"], 12);
  }
}

CarryOver carry_over_of(const Json& first, const Json& phase) {
  Json config = {{"model", "m"}, {"objective", {{{"channel", {{"layer", "a"}, {"unit", 1}}}}}}};
  config.update(first);
  config["phases"] = Json::array({phase});
  return parse_config(config, "x.json", "").later_phases.at(0).carry_over;
}

// What phases say is compared by its meaning, not by its text.
TEST(Phases, AreTheSameOptimisationWhereOnlyTheirWordsDiffer) {
  struct Case {
    const char *first, *phase;
    CarryOver expected;
  };
  const char* const both = R"({"parameterization": {"fourier": {"sd": 0.02, "decay_power": 2}}, "size": 48})";
  const Case cases[] = {
      {"{}", R"({"parameterization": {"fourier": {}}})", CarryOver::optimisation},
      {"{}", R"({"parameterization": {"fourier": {"decay_power": 1}}})", CarryOver::optimisation},
      {R"({"parameterization": {"fourier": {"decay_power": 1.0}}})", R"({"parameterization": {"fourier": {}}})",
       CarryOver::optimisation},
      {"{}", R"({"colour": "decorrelated"})", CarryOver::optimisation},
      {R"({"size": 48})", R"({"size": [48, 48]})", CarryOver::optimisation},
      {both, R"({"parameterization": {"fourier": {"decay_power": 2, "sd": 0.02}}, "size": 48})",
       CarryOver::optimisation},
      {R"({"parameterization": {"cppn": {}}})", R"({"colour": "plain"})", CarryOver::optimisation},
      {R"({"parameterization": {"laplacian_pyramid": {}}})", R"({"parameterization": {"laplacian_pyramid": {}}})",
       CarryOver::optimisation},
      {"{}", R"({"optimizer": {"sgd": {}}})", CarryOver::parameters},
      {"{}", R"({"optimizer": {"sgd": {}}, "parameterization": {"fourier": {}}})", CarryOver::parameters},
      {"{}", R"({"parameterization": {"fourier": {"sd": 0.02}}})", CarryOver::picture},
      {"{}", R"({"parameterization": {"fourier": {"decay_power": 2}}})", CarryOver::picture},
      {both, R"({"parameterization": {"fourier": {"decay_power": 2, "sd": 0.03}}})", CarryOver::picture},
      {both, R"({"parameterization": {"fourier": {"decay_power": 2}}})", CarryOver::picture},
      {"{}", R"({"parameterization": {"pixel": {}}})", CarryOver::picture},
      {"{}", R"({"colour": "plain"})", CarryOver::picture},
      {"{}", R"({"colour": "clipped"})", CarryOver::picture},
      {R"({"size": 48})", R"({"size": [48, 49]})", CarryOver::picture},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(static_cast<int>(carry_over_of(Json::parse(one.first), Json::parse(one.phase))),
              static_cast<int>(one.expected))
        << one.first << " " << one.phase;
  }
}

TEST(Phases, ADefaultWrittenOutChangesNoByte) {
  const TemporaryFolder folder;
  Json config = phase_config(folder, Json::array());
  config["size"] = 24;
  render(folder, config, folder.file("whole"));
  config["steps"] = 5;
  config["phases"] = {{{"steps", 7},
                       {"parameterization", {{"fourier", {{"decay_power", 1}}}}},
                       {"colour", "decorrelated"},
                       {"size", {24, 24}}}};
  render(folder, config, folder.file("parts"));
  EXPECT_EQ(contents_of(folder.file("whole/images/conv3-pre_1.png")),
            contents_of(folder.file("parts/images/conv3-pre_1.png")));
  EXPECT_EQ(record_of(folder, "whole", "conv3-pre_1")["curve"], record_of(folder, "parts", "conv3-pre_1")["curve"]);
}

// Another kind of optimiser starts with moments and steps of its own on the same parameters.
TEST(Phases, AnotherOptimiserKeepsTheParameters) {
  const TemporaryFolder folder;
  Json config = phase_config(folder, {{{"optimizer", {{"sgd", {{"learning_rate", 1e-12}}}}}, {"steps", 2}}});
  config["snapshots"] = {12, 14};
  render(folder, config, folder.file("run"));
  EXPECT_EQ(contents_of(folder.file("run/images/conv3-pre_1_step12.png")),
            contents_of(folder.file("run/images/conv3-pre_1_step14.png")));
  const Json curve = record_of(folder, "run", "conv3-pre_1")["curve"];
  EXPECT_EQ(curve.size(), 14U);
}

// Colour and its inverse on the host: two dozen roundings of float32, the logarithm's argument as near to 0 as the margin.
constexpr float kRoundTrip = 1e-5F;

// Whatever changes a picture begins with that picture.
TEST(Phases, AnotherParameterizationBeginsWithThePicture) {
  const TemporaryFolder folder;
  render(folder, phase_config(folder, Json::array()), folder.file("first"));
  const std::vector<float> first = image_of(folder, "first", "conv3-pre_1");
  int named = 0;
  for (const char* phase :
       {R"({"parameterization": {"pixel": {}}})", R"({"parameterization": {"fourier": {"decay_power": 2}}})",
        R"({"parameterization": {"laplacian_pyramid": {"levels": 2}}})", R"({"colour": "plain"})",
        R"({"colour": "clipped"})"}) {
    Json second = Json::parse(phase);
    second["steps"] = 1;
    second["optimizer"] = {{"adam", {{"learning_rate", 1e-12}}}};
    const std::string run = "run" + std::to_string(named++);
    render(folder, phase_config(folder, Json::array({second})), folder.file(run));
    const std::vector<float> then = image_of(folder, run, "conv3-pre_1");
    ASSERT_EQ(then.size(), first.size());
    for (size_t i = 0; i < first.size(); ++i) {
      const bool clipped = second.contains("colour") && second["colour"] == "clipped";
      const float within = clipped ? first[i] : std::clamp(first[i], 0.02F, 0.98F);
      ASSERT_NEAR(then[i], within, kRoundTrip) << phase << " at " << i;
    }
  }
}

TEST(Phases, ClimbOnFromThePictureWhateverTheBatch) {
  const TemporaryFolder folder;
  Json config = phase_config(
      folder, {{{"parameterization", {{"pixel", Json::object()}}}, {"steps", 6}}, {{"size", {30, 20}}, {"steps", 4}}});
  config["images"] = 2;
  config["sweep"] = {{"/objective/0/channel/unit", {0, 1}}};
  config["batch"] = 2;
  render(folder, config, folder.file("alone"));
  config["batch"] = 4;
  render(folder, config, folder.file("together"));
  EXPECT_TRUE(results_of(folder.file("alone")) == results_of(folder.file("together")));
  // Each step sees another transform: all images' objectives together say whether a phase climbs.
  double first = 0, last = 0;
  for (const char* name : {"0000_image0", "0000_image1", "0001_image0", "0001_image1"}) {
    const Json curve = record_of(folder, "alone", std::string("conv3-pre_") + name)["curve"];
    ASSERT_EQ(curve.size(), 22U);
    first += curve[12][1].get<double>();
    last += curve[17][1].get<double>();
  }
  EXPECT_GT(last, first);
  EXPECT_EQ(Safetensors::open(folder.file("alone/floats/conv3-pre_0001_image1.safetensors")).entry("image").shape,
            (std::vector<int64_t>{3, 30, 20}));
}

// The photograph is what is seen before the first step, whatever changes it; half a level of 8 bits is lost when it is read and
// half when it is written, which is a level where both fall the same way.
TEST(Phases, APhotographIsTheStart) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["initial"] = write_photo(folder, 24, 24);
  config["snapshots"] = {0};
  const Photo photo = read_photo(folder.file("photo.png"));
  for (const char* parameterization :
       {R"({"fourier": {}})", R"({"pixel": {}})", R"({"laplacian_pyramid": {}})", R"({"shared": {}})"}) {
    Json one = config;
    one["images"] = 2;
    one["parameterization"] = Json::parse(parameterization);
    const std::string run = "run_" + one["parameterization"].begin().key();
    render(folder, one, folder.file(run));
    const Photo start = read_photo(folder.file(run + "/images/conv3-pre_1_image1_step00.png"));
    ASSERT_EQ(start.rgb.size(), photo.rgb.size());
    for (size_t i = 0; i < photo.rgb.size(); ++i) ASSERT_NEAR(start.rgb[i], photo.rgb[i], 1) << parameterization;
    EXPECT_NE(contents_of(folder.file(run + "/images/conv3-pre_1_image1_step00.png")),
              contents_of(folder.file(run + "/images/conv3-pre_1_image1.png")));
  }
}

// A phase of twice the size that changes nothing shows the photograph at that size: the detail that the first phase had no room for
// comes back.
TEST(Phases, AnOctaveBringsThePhotographsDetailBack) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["initial"] = write_photo(folder, 48, 48);
  config["optimizer"] = {{"adam", {{"learning_rate", 1e-12}}}};
  config["phases"] = {{{"size", 48}, {"steps", 1}}};
  render(folder, config, folder.file("run"));
  const Photo photo = read_photo(folder.file("photo.png")),
              large = read_photo(folder.file("run/images/" + std::string(kPicture)));
  ASSERT_EQ(large.rgb.size(), photo.rgb.size());
  // A level from writing, and one from the small picture, which is rounded to 8 bits before it is enlarged.
  for (size_t i = 0; i < photo.rgb.size(); ++i) ASSERT_NEAR(large.rgb[i], photo.rgb[i], 2) << i;
}

TEST(Phases, AMissingPhotographIsNamed) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  write_photo(folder, 24, 24);
  config["initial"] = "foto.png";
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); },
                      {"/initial", "foto.png", "did you mean 'photo.png'"}));
  EXPECT_FALSE(std::filesystem::exists(folder.file("run")));
}

}  // namespace
}  // namespace phosphene::testing::phases_test
