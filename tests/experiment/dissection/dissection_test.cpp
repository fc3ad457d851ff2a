#include "experiment/dissection/dissection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "experiment/dissection/scores.h"
#include "experiment/photos/photo_file.h"
#include "loaders/json_reader.h"
#include "loaders/model_file.h"
#include "loaders/safetensors.h"
#include "tests/experiment/dissection/small_concepts.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/golden.h"

namespace phosphene::testing::dissection_test {
namespace {

namespace fs = std::filesystem;

// Stops after some photographs.
class StopAfter final : public Progress {
 public:
  explicit StopAfter(int64_t photographs) : left_(photographs) {}
  void on_status(const std::string& /*line*/, double /*eta_seconds*/) override {
    if (--left_ == 0) stop = true;
  }
  void on_message(const std::string& /*line*/) override {}

  std::atomic<bool> stop = false;

 private:
  int64_t left_;
};

class DissectionTest : public ::testing::Test {
 protected:
  DissectionTest() {
    save_model(small_network(), folder_.file("small.safetensors"));
    write_small_concepts(folder_, "set", 70);  // two groups
  }

  [[nodiscard]] DissectOptions options(const std::string& out) const {
    DissectOptions options;
    options.model = folder_.file("small.safetensors");
    options.data = folder_.file("set");
    options.layer = "conv2";
    options.units = "0-5";
    options.quantile = 0.05;
    options.out = folder_.file(out);
    options.device.device = "cpu";
    options.device.threads = 1;
    return options;
  }

  TemporaryFolder folder_;
};

TEST_F(DissectionTest, WhatWasStoppedGoesOnToTheSameResult) {
  const DissectResult whole = dissect(options("whole"));
  ASSERT_FALSE(whole.interrupted);
  EXPECT_EQ(whole.now, 3 * 70);
  // In the first reading, between two, in the second and in the last.
  for (const int64_t after : {1, 70, 75, 200}) {
    SCOPED_TRACE(after);
    const std::string out = "stopped" + std::to_string(after);
    StopAfter progress(after);
    DissectOptions stopped = options(out);
    stopped.progress = &progress;
    stopped.stop = &progress.stop;
    const DissectResult first = dissect(stopped);
    EXPECT_TRUE(first.interrupted);
    const DissectResult rest = dissect(options(out));
    EXPECT_FALSE(rest.interrupted);
    EXPECT_EQ(first.now + rest.now, 3 * 70) << "a photograph was read again, or left out";
    for (const char* file : {"dissection.json", "units.csv", "dissection.html", "state.safetensors"})
      EXPECT_EQ(contents_of(folder_.file(out + "/" + file)), contents_of(folder_.file(std::string("whole/") + file)))
          << file;
  }
  EXPECT_EQ(dissect(options("whole")).now, 0) << "there was nothing left to do";
}

TEST_F(DissectionTest, TwoReadingsKeepTheirShareAndSayTheirError) {
  DissectOptions asked = options("two");
  const Json exact = dissect(options("three")).record;
  asked.approximate = true;
  const DissectResult result = dissect(asked);
  EXPECT_EQ(result.now, 2 * 70);
  for (size_t i = 0; i < 6; ++i) {
    const Json &two = result.record["units"][i], &three = exact["units"][i];
    const double near = two["threshold"], right = three["threshold"];
    EXPECT_GE(near, right);
    EXPECT_LE(near, right * (1 + 1.0 / 128) + 1e-40) << "a bin is at most 2^-7 of its value wide; that of 0, 2^-133";
    EXPECT_GT(two["rank_error"].get<double>(), 0);
    EXPECT_EQ(three["rank_error"].get<double>(), 0);
  }
}

// The bright square is there for the network to find, the noise of the sky is not.
TEST_F(DissectionTest, FindsTheSquareAndSaysWhatChanceWouldFind) {
  const Json record = dissect(options("found")).record;
  const Json &square = record["concepts"][0], &sky = record["concepts"][1];
  EXPECT_EQ(square["name"], "square");
  EXPECT_NEAR(square["share"].get<double>(), 64.0 / (24 * 24), 1e-12);
  EXPECT_GT(square["best_iou"].get<double>(), kDetectorIou);
  EXPECT_GT(square["best_iou"].get<double>(), 2 * square["chance"].get<double>());
  EXPECT_LT(sky["best_iou"].get<double>(), 2 * sky["chance"].get<double>());
  EXPECT_GE(record["summary"]["unique_detectors"].get<int>(), 1);
  EXPECT_EQ(record["positions"], 70 * 12 * 12);
  size_t drawn = 0;
  for (const Json& unit : record["units"])
    for (const Json& example : unit["examples"])
      drawn += static_cast<size_t>(fs::exists(folder_.file("found/" + example["picture"].get<std::string>())));
  EXPECT_EQ(drawn, 6U * 4);
}

TEST_F(DissectionTest, RefusesWhatItCannotMean) {
  (void)dissect(options("out"));
  DissectOptions asked = options("out");
  asked.quantile = 0.01;
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"state.safetensors", "/quantile", "--restart"}));
  asked.restart = true;
  EXPECT_EQ(dissect(asked).now, 3 * 70);
  asked = options("set/images/out");
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"choose another --out"}));
  asked = options("set");
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"is not empty and holds no dissection"}));
}

TEST_F(DissectionTest, RefusesPhotographsThatChanged) {
  StopAfter progress(75);
  DissectOptions stopped = options("out");
  stopped.progress = &progress;
  stopped.stop = &progress.stop;
  EXPECT_TRUE(dissect(stopped).interrupted);
  for (const char* file : {"images/p1.png", "masks/object/p1.png", "masks/scene/p1.png"})
    fs::remove(folder_.file(std::string("set/") + file));
  EXPECT_TRUE(refuses([&] { (void)dissect(options("out")); }, {"has other photographs", "--restart"}));
}

void write_directions(const std::string& path, const std::string& name, const std::vector<float>& numbers,
                      std::vector<int64_t> shape) {
  write_safetensors(path, {NamedTensor(name, std::move(shape), numbers)});
}

// Directions along the axes are the units themselves: products with 1 and 0 do not round.
TEST_F(DissectionTest, DirectionsAlongTheAxesAreTheUnits) {
  std::vector<float> rows(8 * 8, 0);
  for (size_t i = 0; i < 8; ++i) rows[i * 8 + i] = 1;
  write_directions(folder_.file("axes.safetensors"), "axis", rows, {8, 8});
  DissectOptions asked = options("out");
  asked.units = "all";
  asked.directions = folder_.file("axes.safetensors");
  const Json record = dissect(asked).record;
  const Json& given = record["bases"][0];
  EXPECT_EQ(given["kind"], "file");
  EXPECT_EQ(given["summary"], record["summary"]);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(given["directions"][i]["name"], "axis:" + std::to_string(i));
    for (const char* key : {"threshold", "concept", "iou", "chance", "pixels"})
      EXPECT_EQ(given["directions"][i][key], record["units"][i][key]) << key << " of " << i;
  }
}

TEST_F(DissectionTest, RotationsMakeACurve) {
  DissectOptions asked = options("curve");
  asked.rotations = {3, 8, 11};
  asked.alphas = {1, 0, 0.5};
  asked.random = 4;
  const Json record = dissect(asked).record;
  ASSERT_EQ(record["bases"].size(), 3U * 2 + 1);
  EXPECT_EQ(record["bases"][6]["directions"].size(), 4U);
  ASSERT_EQ(record["curve"].size(), 3U);
  for (const char* key : {"unique_detectors", "concepts_covered", "mean_best_iou"}) {
    EXPECT_EQ(record["curve"][0][key]["mean"], record["summary"][key]);
    EXPECT_TRUE(record["curve"][0][key]["sd"].is_null()) << "one number has no spread";
    double sum = 0, squares = 0;
    for (const Json& basis : record["bases"])
      if (basis["kind"] == "rotation" && basis["alpha"] == 1) sum += basis["summary"][key].get<double>();
    for (const Json& basis : record["bases"])
      if (basis["kind"] == "rotation" && basis["alpha"] == 1)
        squares += std::pow(basis["summary"][key].get<double>() - sum / 3, 2);
    // Sums of three numbers of some units, in another order.
    EXPECT_NEAR(record["curve"][2][key]["mean"].get<double>(), sum / 3, 1e-14);
    EXPECT_NEAR(record["curve"][2][key]["sd"].get<double>(), std::sqrt(squares / 2), 1e-7);
  }
  EXPECT_TRUE(contents_of(folder_.file("curve/rotations.svg")).starts_with("<svg "));
  // The way there does not change what is at one place of it.
  DissectOptions alone = options("alone");
  alone.rotations = {8};
  alone.alphas = {0.5};
  const Json other = dissect(alone).record;
  EXPECT_EQ(other["bases"][0]["summary"], record["bases"][3]["summary"]);
  EXPECT_EQ(other["bases"][0]["alpha"], 0.5);
}

TEST_F(DissectionTest, RefusesDirectionsThatSayNothing) {
  DissectOptions asked = options("out");
  asked.rotations = {1, 1};
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"--rotations", "given twice"}));
  asked.rotations = {1};
  asked.alphas = {0.5, 1.5};
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"--alphas", "from 0 to 1"}));
  asked = options("out");
  asked.directions = folder_.file("d.safetensors");
  write_directions(asked.directions, "short", std::vector<float>(7, 1), {7});
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"d.safetensors: 'short'", "expected 8 numbers"}));
  write_directions(asked.directions, "none", std::vector<float>(8, 0), {8});
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"'none'", "row 0 is zero"}));
  write_directions(asked.directions, "infinite", std::vector<float>(8, std::numeric_limits<float>::infinity()), {8});
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"'infinite'", "not finite"}));
}

// conv1's channel 7 is silent: its threshold is 0, and nothing exceeds it.
TEST_F(DissectionTest, RefusesUnitsThatNeverExceedTheirThreshold) {
  DissectOptions asked = options("silent");
  asked.layer = "conv1";
  asked.units = "7";
  EXPECT_TRUE(refuses([&] { (void)dissect(asked); }, {"no unit of 'conv1' exceeds its threshold", "70 photographs"}));
}

// The whole way from pictures and masks in files, against numbers of another program.
TEST(GoldenDissectionOfFiles, ScoresAreTheirs) {
  PHOSPHENE_ASSET(index, "reference/golden/evidence.json");
  PHOSPHENE_ASSET(network, "models/squeezenet1_1.onnx");
  const TemporaryFolder folder;
  nlohmann::json json;
  std::ifstream(index) >> json;
  const auto tensors = read_golden_tensors(std::filesystem::path(index).replace_extension("safetensors"));
  const std::vector<double>&images = tensors.at("dissect/images").data, &labels = tensors.at("dissect/labels").data;
  fs::create_directories(folder.file("set/images"));
  std::string table = "id,name,category\n";
  for (size_t c = 0; c < 6; ++c) {
    const nlohmann::json& about = json["dissection"]["concepts"][c];
    table += std::to_string(c + 1) + "," + about["name"].get<std::string>() + "," +
             about["category"].get<std::string>() + "\n";
    fs::create_directories(folder.file("set/masks/" + std::to_string(c)));
  }
  (void)folder.write("set/concepts.csv", table);
  constexpr size_t kPixels = 64 * 64;
  for (size_t n = 0; n < 24; ++n) {
    const std::string name = "/" + std::to_string(100 + n) + ".png";
    std::vector<float> planar(3 * kPixels), mask(kPixels);
    for (size_t i = 0; i < planar.size(); ++i) planar[i] = static_cast<float>(images[n * planar.size() + i] / 255);
    write_png(folder.file("set/images" + name), planar.data(), 3, 64, 64);
    for (size_t c = 0; c < 6; ++c) {
      for (size_t i = 0; i < kPixels; ++i)
        mask[i] =
            (static_cast<unsigned>(labels[n * kPixels + i]) >> c & 1U) != 0 ? static_cast<float>(c + 1) / 255.F : 0;
      write_png(folder.file("set/masks/" + std::to_string(c) + name), mask.data(), 1, 64, 64);
    }
  }
  for (const std::string& name : kAlignmentNames) {
    SCOPED_TRACE(name);
    DissectOptions options;
    options.model = network.string();
    options.data = folder.file("set");
    options.layer = "features.4.Concat";
    options.units = "0-31";
    options.size = 64;
    options.alignment = alignment_named(name);
    options.out = folder.file("out " + name);
    options.device.device = "cpu";
    options.device.threads = 1;
    const Json record = dissect(options).record;
    const nlohmann::json& theirs = json["dissection"]["conventions"][name];
    for (size_t unit = 0; unit < 32; ++unit) {
      const double threshold = json["dissection"]["thresholds"][unit];
      // The network sums some thousand products in float32, in another order: PyTorch differs by 8e-7, the bound has room for 12 times that.
      EXPECT_NEAR(record["units"][unit]["threshold"].get<double>(), threshold, 1e-5 * threshold) << unit;
      // One pixel that falls on the other side of its threshold changes an IoU of some hundred pixels by less than that.
      EXPECT_NEAR(record["units"][unit]["iou"].get<double>(), theirs["best_iou"][unit].get<double>(), 1e-3) << unit;
    }
    EXPECT_EQ(record["summary"]["unique_detectors"], theirs["unique_detectors"]);
    EXPECT_EQ(record["summary"]["concepts_covered"], theirs["concepts_covered"]);
  }
}

}  // namespace
}  // namespace phosphene::testing::dissection_test
