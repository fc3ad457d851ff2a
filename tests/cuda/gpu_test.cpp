// On a real GPU, as a user runs it. Without one every test skips with the reason; PHOSPHENE_REQUIRE_GPU=1 makes that a failure.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/cli/program_under_test.h"
#include "tests/cuda/rendered_on_both.h"
#include "tests/support/golden.h"

namespace phosphene {
namespace {

class Gpu : public RenderedOnBoth {
 protected:
  void SetUp() override {
    const Outcome outcome = run("bench small.safetensors --steps 1 --device cuda");
    if (outcome.exit_code == 0) return;
    const char* required = std::getenv("PHOSPHENE_REQUIRE_GPU");
    if (required != nullptr && std::string(required) == "1") FAIL() << outcome.err;
    GTEST_SKIP() << outcome.err;
  }

  void expect_agreement(const std::string& arguments, const std::string& before = "") const {
    const Outcome outcome = run("check --device cuda " + arguments, before);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("all agree"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("the same bytes"), std::string::npos) << outcome.out;
  }

  // BVLC GoogLeNet in folder(), or false.
  [[nodiscard]] bool convert_googlenet() const {
    const auto weights = testing::find_asset("models/bvlc_googlenet.caffemodel");
    if (!weights) return false;
    const auto topology = testing::find_asset("models/googlenet_deploy.prototxt");
    return run(fmt::format("convert {} --topology {} -o googlenet.safetensors", weights->string(), topology->string()))
               .exit_code == 0;
  }
};

TEST_F(Gpu, EveryOpOfASmallNetwork) {
  for (const int size : {32, 17, 224}) expect_agreement(fmt::format("small.safetensors --layer conv2 --size {}", size));
}

TEST_F(Gpu, EveryOpOfGoogleNet) {
  if (!convert_googlenet()) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set: no GoogLeNet";
  expect_agreement("googlenet.safetensors --layer inception_5b/output:pre");
  expect_agreement("googlenet.safetensors --layer inception_4a/output:pre --batch 8 --steps 16");
  expect_agreement("googlenet.safetensors --layer loss3/classifier");
}

TEST_F(Gpu, EveryOpOfVgg16) {
  const char* vgg16 = std::getenv("PHOSPHENE_VGG16");
  if (vgg16 == nullptr) GTEST_SKIP() << "PHOSPHENE_VGG16 is not set: no VGG16";
  expect_agreement(fmt::format("{} --layer conv5_3:pre", vgg16));
}

TEST_F(Gpu, Tf32StaysWithinItsTolerance) {
  if (!convert_googlenet()) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set: no GoogLeNet";
  expect_agreement("googlenet.safetensors --layer inception_4a/output:pre --tf32");
}

TEST_F(Gpu, Bfloat16StaysWithinItsTolerance) {
  expect_agreement("small.safetensors --layer conv2 --size 33 --precision bf16");
  if (!convert_googlenet()) GTEST_SKIP() << "PHOSPHENE_ASSETS is not set: no GoogLeNet";
  expect_agreement("googlenet.safetensors --layer inception_5b/output:pre --precision bf16");
  expect_agreement("googlenet.safetensors --layer loss3/classifier --precision bf16");
}

TEST_F(Gpu, RendersWhateverTheCpuRenders) { expect_what_the_cpu_renders(""); }

TEST_F(Gpu, TheSanitizerFindsNothing) {
  if (std::system("command -v compute-sanitizer > /dev/null") != 0) GTEST_SKIP() << "no compute-sanitizer";
  for (const char* tool : {"memcheck", "racecheck", "initcheck", "synccheck"}) {
    expect_agreement("small.safetensors --layer conv2 --eager",
                     fmt::format("compute-sanitizer --tool {} --error-exitcode 9", tool));
  }
}

}  // namespace
}  // namespace phosphene
