// Terms that take their numbers from elsewhere, or from one another, in whole runs.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/objective/reference_photos.h"
#include "experiment/photos/photo_features.h"
#include "experiment/photos/photo_file.h"
#include "loaders/safetensors.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"

namespace phosphene::testing::objective_terms_test {
namespace {

constexpr const char* kPhoto = "stripes.png";

void write_stripes(const TemporaryFolder& folder) {
  std::vector<float> stripes;
  for (int i = 0; i < 3 * 24 * 24; ++i) stripes.push_back(i % 24 % 6 < 3 ? 0.2F : 0.8F);
  write_png(folder.file(kPhoto), stripes.data(), 3, 24, 24);
}

Json with_objective(const TemporaryFolder& folder, const Json& terms) {
  Json config = small_config(folder);
  config["objective"] = terms;
  config["steps"] = 3;
  config["transforms"] = "none";
  return config;
}

// The objective of the one image of a run after its steps.
std::vector<double> curve_of(const TemporaryFolder& folder, const Json& config, const std::string& out) {
  const RunResult result = render(folder, config, folder.file(out));
  EXPECT_EQ(result.finished, 1) << fmt::format("{}", fmt::join(result.stopped, "; "));
  std::vector<double> curve;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file(out) + "/records")) {
    const Json record = read_json(entry.path().string());
    for (const Json& point : record["curve"]) curve.push_back(point[1]);
  }
  return curve;
}

HostTensor layer_of_stripes(const TemporaryFolder& folder, const std::string& layer) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  return photo_features(small_network(), layer, folder.file(kPhoto), 24, 24, *backend);
}

// C numbers from the middle of the layer, where nothing is said.
TEST(ObjectiveTerms, ADirectionIsWhatALayerMakesOfAPhotograph) {
  const TemporaryFolder folder;
  write_stripes(folder);
  const HostTensor layer = layer_of_stripes(folder, "conv2");
  const int64_t c = layer.dims[1], h = layer.dims[2], w = layer.dims[3];
  const auto direction = [&](const Json& vector) {
    return with_objective(folder, {{{"direction", {{"layer", "conv2"}, {"vector", vector}, {"power", 1}}}}});
  };
  const auto numbers = [&](int64_t row, int64_t column) {
    std::vector<float> v;
    for (int64_t channel = 0; channel < c; ++channel)
      v.push_back(layer.data[static_cast<size_t>((channel * h + row) * w + column)]);
    return v;
  };
  EXPECT_EQ(curve_of(folder, direction({{"photo", kPhoto}}), "a"),
            curve_of(folder, direction(numbers(h / 2, w / 2)), "b"));
  EXPECT_EQ(curve_of(folder, direction({{"photo", kPhoto}, {"row", 1}, {"column", 2}}), "c"),
            curve_of(folder, direction(numbers(1, 2)), "d"));
  EXPECT_TRUE(refuses(
      [&] {
        render(folder, direction({{"photo", kPhoto}, {"row", 1}, {"column", w}}), folder.file("e"));
      },
      {"/objective/0/direction", fmt::format("position (1, {}) of the photograph lies outside 'conv2'", w)}));
  EXPECT_TRUE(refuses(
      [&] {
        render(folder, direction({{"photo", "stripe.png"}}), folder.file("f"));
      },
      {"/objective/0/direction", "did you mean 'stripes.png'"}));
}

TEST(ObjectiveTerms, APatchComesFromAPhotographOrAFile) {
  const TemporaryFolder folder;
  write_stripes(folder);
  const HostTensor layer = layer_of_stripes(folder, "conv2:pre");
  const int64_t c = layer.dims[1], h = layer.dims[2], w = layer.dims[3];
  std::vector<float> patch;  // channels x 2 x 3, from (1, 4) on
  for (int64_t channel = 0; channel < c; ++channel)
    for (int64_t p = 0; p < 6; ++p)
      patch.push_back(layer.data[static_cast<size_t>((channel * h + 1 + p / 3) * w + 4 + p % 3)]);
  write_safetensors(folder.file("v.safetensors"), {{"patch", {c, 2, 3}, patch}, {"flat", {c * 6}, patch}});
  const auto direction = [&](const Json& tensor) {
    return with_objective(
        folder, {{{"tensor_direction",
                   {{"layer", "conv2:pre"}, {"tensor", tensor}, {"at", {{"row", h - 2}, {"column", w - 3}}}}}}});
  };
  EXPECT_EQ(
      curve_of(folder, direction({{"photo", kPhoto}, {"height", 2}, {"width", 3}, {"row", 1}, {"column", 4}}), "photo"),
      curve_of(folder, direction("v.safetensors#patch"), "file"));
  EXPECT_TRUE(refuses([&] { render(folder, direction("v.safetensors#flat"), folder.file("flat")); },
                      {"/objective/0/tensor_direction", "expected channels x height x width"}));
  EXPECT_TRUE(refuses(
      [&] {
        render(folder, direction({{"photo", kPhoto}, {"height", h + 1}, {"width", 1}}), folder.file("large"));
      },
      {"/objective/0/tensor_direction", "a patch of"}));
}

// A product is the product of its factors' values, and its table does not depend on what else is in the batch.
TEST(ObjectiveTerms, AProductIsThatOfItsFactors) {
  const TemporaryFolder folder;
  const Json channel = {{"channel", {{"layer", "conv2"}, {"unit", 1}}}};
  const Json neuron = {{"neuron", {{"layer", "conv1:pre"}, {"unit", 2}}}};
  const double a = curve_of(folder, with_objective(folder, Json::array({channel})), "a").front();
  const double b = curve_of(folder, with_objective(folder, Json::array({neuron})), "b").front();
  Json config = with_objective(folder, Json::array({{{"product", Json::array({channel, neuron})}, {"weight", 2}}}));
  // One rounding of each factor, of their product and of twice it.
  EXPECT_NEAR(curve_of(folder, config, "ab").front(), 2 * a * b, 4 * 0x1p-24 * std::abs(2 * a * b));

  config["sweep"] = {{"/objective/0/product/0/channel/unit", {1, 2, 3}}};
  config["batch"] = 1;
  EXPECT_EQ(render(folder, config, folder.file("alone")).finished, 3);
  config["batch"] = 3;
  render(folder, config, folder.file("together"));
  EXPECT_TRUE(results_of(folder.file("alone")) == results_of(folder.file("together")));
  config["sweep"] = {{"/objective/0/product/0/channel/unit", {1, 8}}};
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("none")); },
                      {"/objective/0/product/0/channel", "unit 8 does not exist"}));
}

// The photograph has its own style, seen through the same draws; a pooled Gram matrix is that of all images of the group.
TEST(ObjectiveTerms, StyleIsThatOfThePhotograph) {
  const TemporaryFolder folder;
  write_stripes(folder);
  const auto style = [&](const Json& more) {
    Json body = {{"layer", "conv2"}, {"photo", kPhoto}};
    body.update(more);
    Json config = with_objective(folder, {{{"style", body}}});
    config["save"] = {"image"};
    return config;
  };
  Json start = style(Json::object());
  start["objective"].push_back({{"channel", {{"layer", "conv3:pre"}, {"unit", 1}}}, {"weight", 1e-9}});
  start["initial"] = kPhoto;
  start["transforms"] = "distill";
  start["optimizer"] = {{"adam", {{"learning_rate", 1e-12}}}};
  // Gram matrices near 1000, from a picture that went through a sigmoid and back: 1e-7 of them per rounding, of which there are some.
  for (const double value : curve_of(folder, start, "start")) EXPECT_NEAR(value, 0, 1e-3);

  // ParameterUpdate brings both forms nearer to 0, from below.
  for (const char* form : {"l1", "l2"}) {
    Json config = style({{"form", form}, {"pooled", true}});
    config["images"] = 2;
    EXPECT_EQ(render(folder, config, folder.file(form)).finished, 2);
    const Json record = read_json(folder.file(form) + "/records/conv2_like_stripes_image0.json");
    EXPECT_LT(record["curve"].front()[1].get<double>(), record["curve"].back()[1].get<double>());
    EXPECT_LT(record["curve"].back()[1].get<double>(), 0);
  }
}

// It is a distance from the photograph that is named, or that the run started from.
TEST(ObjectiveTerms, AnInputDifferenceIsFromThePhotograph) {
  const TemporaryFolder folder;
  write_stripes(folder);
  const Json leading = {{"channel", {{"layer", "conv3:pre"}, {"unit", 1}}}, {"weight", 1e-9}};
  const auto config_of = [&](const Json& body) {
    return with_objective(folder, Json::array({leading, {{"input_difference", body}, {"weight", -1}}}));
  };
  Json started = config_of(Json::object());
  started["initial"] = kPhoto;
  started["optimizer"] = {{"adam", {{"learning_rate", 1e-12}}}};
  // What a sigmoid and its inverse round: some 1e-7 of values below 1, a few times over.
  EXPECT_NEAR(curve_of(folder, started, "started").front(), 0, 1e-6);
  // Grey is .3 away from stripes of .2 and .8; a start near grey by what noise of .01 makes of it.
  EXPECT_NEAR(curve_of(folder, config_of({{"photo", kPhoto}}), "grey").front(), -0.3, 0.01);
  EXPECT_TRUE(refuses([&] { render(folder, config_of(Json::object()), folder.file("none")); },
                      {"/objective/1/input_difference", "name one (\"photo\")"}));
}

// One key for each photograph that is missing, and for a network that has no use for one.
TEST(ObjectiveTerms, AMissingPhotographIsToldUnderItsKey) {
  const TemporaryFolder folder;
  write_stripes(folder);
  const Json leading = {{"channel", {{"layer", "conv3:pre"}, {"unit", 1}}}};
  const auto refused = [&](const Json& body, const std::string& initial, const std::vector<std::string>& words) {
    Json config = with_objective(folder, Json::array({leading, {{"input_difference", body}, {"weight", -1}}}));
    if (!initial.empty()) config["initial"] = initial;
    return refuses([&] { render(folder, config, folder.file("none")); }, words);
  };
  EXPECT_TRUE(
      refused({{"photo", "stripe.png"}}, "", {"/objective/1/input_difference/photo: ", "did you mean 'stripes.png'"}));
  EXPECT_TRUE(refused({{"photo", "stripe.png"}}, kPhoto, {"/objective/1/input_difference/photo: ", "stripe.png"}));
  EXPECT_TRUE(refused(Json::object(), "stripe.png", {": /initial: ", "did you mean 'stripes.png'"}));

  Model grey = small_network();
  grey.channels = 1;
  Graph graph;
  ReferencePhotos references(graph, grey, {1, 1, 24, 24}, [](ValueId photograph) { return photograph; });
  EXPECT_TRUE(refuses(
      [&] {
        references.photograph({kPhoto, folder.path().string()}, "/objective/1/input_difference");
      },
      {"/objective/1/input_difference: ", "the network reads 1 channels, but a photograph has three"}));
}

// A constant is a row of the table, a border a part of the program: neither changes what the others in a batch are.
TEST(ObjectiveTerms, BoundariesOfASweepDoNotDependOnTheBatch) {
  const TemporaryFolder folder;
  const Json leading = {{"channel", {{"layer", "conv3:pre"}, {"unit", 1}}}, {"weight", 1e-9}};
  const Json penalty = {{"boundary_complexity", {{"border", 2}, {"constant", 0.25}}}, {"weight", -1}};
  Json config = with_objective(folder, Json::array({leading, penalty}));
  config["sweep"] = {{"/objective/1/boundary_complexity/border", {2, 6}},
                     {"/objective/1/boundary_complexity/constant", {0.25, 1}}};
  config["batch"] = 1;
  EXPECT_EQ(render(folder, config, folder.file("alone")).finished, 4);
  config["batch"] = 4;
  EXPECT_EQ(render(folder, config, folder.file("together")).finished, 4);
  EXPECT_TRUE(results_of(folder.file("alone")) == results_of(folder.file("together")));

  // A start within .01 of grey: its squared distance from .25 is .0625 to a twelfth, and its blur takes less than .01^2 away. Of 24 x 24
  // pixels all but 20 x 20 or 12 x 12 count, in three channels.
  for (const int border : {2, 6}) {
    config.erase("sweep");
    config["objective"][1]["boundary_complexity"]["border"] = border;
    const std::vector<double> curve = curve_of(folder, config, fmt::format("border {}", border));
    const int pixels = 24 * 24 - (24 - 2 * border) * (24 - 2 * border);
    EXPECT_NEAR(curve.front(), -0.8 * 0.0625 * 3 * pixels, 0.8 * 0.0625 * 3 * pixels / 12);
    EXPECT_LT(curve.front(), curve.back());  // ascent brings it nearer to 0, from below
    EXPECT_LT(curve.back(), 0);
  }
}

}  // namespace
}  // namespace phosphene::testing::objective_terms_test
