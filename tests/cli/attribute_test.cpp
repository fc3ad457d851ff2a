#include <nlohmann/json.hpp>

#include "tests/cli/program_under_test.h"

namespace phosphene::attribute_test {
namespace {

class Attribute : public ProgramTest {
 protected:
  void SetUp() override {
    save_classifier((folder() / "classifier.safetensors").string());
    write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  }
};

constexpr const char* kAll =
    "attribute classifier.safetensors picture.png --class 3 --layer conv1 --method "
    "gradient,gradient_x_input,integrated_gradients,smoothgrad,grad_cam,layer,layer_path --samples 4 ";

TEST_F(Attribute, WritesAPictureForEachMethod) {
  ASSERT_EQ(run("render --model small.safetensors --channel conv2:1 --set /steps=2 --set /size=48 --out r").exit_code,
            0);
  const std::filesystem::directory_iterator pictures(folder() / "r/images");
  std::filesystem::rename(pictures->path(), folder() / "picture.png");
  const Outcome outcome = run(std::string(kAll) + "--json --out a");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json read = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(read["methods"].size(), 7U);
  for (const auto& [name, about] : read["methods"].items()) {
    EXPECT_EQ(about["picture"], name + ".png");
    EXPECT_GT(contents_of(folder() / "a" / (name + ".png")).size(), 100U) << name;
  }
  for (const char* path : {"integrated_gradients", "layer_path"}) {
    const nlohmann::json& about = read["methods"][path];
    EXPECT_TRUE(about["error"] <= 0.01 || about["steps"] > 800) << about;
    EXPECT_NEAR(about["difference"].get<double>(),
                about["objective"].get<double>() - about["objective_at_baseline"].get<double>(), 1e-9);
  }
  EXPECT_EQ(read["methods"]["layer"]["channels"].size(), read["methods"]["layer_path"]["channels"].size());
  EXPECT_FALSE(contents_of(folder() / "a/attribution.safetensors").empty());
  // The same command writes the same bytes.
  ASSERT_EQ(run(std::string(kAll) + "--out b").exit_code, 0);
  for (const char* file : {"attribution.safetensors", "attribution.json", "smoothgrad.png"})
    EXPECT_EQ(contents_of(folder() / "a" / file), contents_of(folder() / "b" / file)) << file;
}

TEST_F(Attribute, WhatNoMethodReadsIsRefused) {
  const auto refused = [&](const std::string& arguments, const std::vector<std::string>& words) {
    expect_one_clear_line(run("attribute classifier.safetensors grey.png " + arguments), words);
  };
  refused("", {"--class", "--channel", "--objective"});
  refused("--class 3 --channel conv1:2", {"got 2"});
  refused("--class 3 --method gradcam --layer conv1", {"gradcam", "grad_cam"});
  refused("--class 3 --method gradient,gradient", {"twice"});
  refused("--class 3 --method grad_cam", {"--layer"});
  refused("--class 3 --method gradient --layer conv1", {"--layer", "grad_cam"});
  refused("--class 3 --method gradient --baseline gray", {"--baseline", "integrated_gradients"});
  refused("--class 3 --method gradient --steps 10", {"--steps", "integrated_gradients"});
  refused("--class 3 --method gradient --noise .1", {"--noise", "smoothgrad"});
  refused("--class 3 --method integrated_gradients --steps 100 --most-steps 50", {"--most-steps", "100"});
  refused("--class 3 --method integrated_gradients --baseline grey", {"grey"});
  refused("--class 99", {"class 99 does not exist"});
  refused("--class 3 --method layer --layer conv7", {"conv7"});
  refused("--channel conv1 --method gradient", {"LAYER:UNIT"});
  EXPECT_FALSE(std::filesystem::exists(folder() / "runs"));
}

}  // namespace
}  // namespace phosphene::attribute_test
