// What a step takes is said before it is taken, and refused where it cannot be had.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/program_under_test.h"

namespace phosphene {
namespace {

using nlohmann::json;

class MemoryOfAStep : public ProgramTest {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizer's own memory counts as the process's";
#endif
  }

  [[nodiscard]] json answer(const std::string& arguments, const std::string& before = "") const {
    const Outcome outcome = run(arguments + " --device cpu --json", before);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? json::parse(outcome.out) : json();
  }

  // The promise is 5 %: room for what only the first step shows (pages of libraries, threads' stacks, the heap's odds and ends).
  void expect_predicted(const std::string& step) const {
    const json told = answer("inspect " + step), done = answer("bench --steps 1 " + step);
    if (told.is_null() || done.is_null()) return;
    const auto used = done["peak_memory_bytes"].get<double>();
    for (const auto predicted :
         {told["memory"]["step_bytes"].get<double>(), done["predicted_memory_bytes"].get<double>()})
      EXPECT_LE(std::abs(predicted - used), 0.05 * used)
          << step << ": " << predicted << " predicted, " << used << " used";
  }

  [[nodiscard]] bool has(const std::string& model) const { return run("inspect --json " + model).exit_code == 0; }

  [[nodiscard]] std::string contents(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(folder() / file, std::ios::binary).rdbuf();
    return text.str();
  }
};

TEST_F(MemoryOfAStep, IsPredictedForASmallNetwork) {
  for (const char* step : {"small.safetensors --size 32", "small.safetensors --size 300 --batch 3",
                           "gray.safetensors --size 211 --batch 2"})
    expect_predicted(step);
}

TEST_F(MemoryOfAStep, IsPredictedForGoogLeNet) {
  if (!has("googlenet")) GTEST_SKIP() << "there is no googlenet";
  for (const char* step : {"--layer inception_4a/output:pre", "--layer inception_4a/output:pre --batch 4",
                           "--layer inception_4a/output:pre --batch 16", "--layer inception_4a/output:pre --size 96",
                           "--layer inception_4a/output:pre --size 512", "--layer inception_5b/output:pre",
                           "--layer conv1/7x7_s2:pre --size 600"})
    expect_predicted(std::string("googlenet ") + step);
}

TEST_F(MemoryOfAStep, IsPredictedForVgg16) {
  if (!has("vgg16")) GTEST_SKIP() << "there is no vgg16";
  expect_predicted("vgg16 --layer conv4_2");
  expect_predicted("vgg16 --layer conv4_2 --batch 4");
}

TEST_F(MemoryOfAStep, IsPredictedForAnExperiment) {
  write("four.json", R"({"model": "small.safetensors", "images": 4, "size": 160,
      "objective": [{"channel": {"layer": "conv2", "unit": 0}}, {"diversity": {"layer": "conv2"}, "weight": -1}]})");
  expect_predicted("four.json");
}

// A limit on address space stands in for a small machine: what is left of it is what can be had.
TEST_F(MemoryOfAStep, IsRefusedWhereItCannotBeHad) {
  write("config.json", R"({"model": "small.safetensors", "size": 2048, "images": 8,
      "objective": [{"channel": {"layer": "conv2", "unit": 0}}]})");
  for (const char* command :
       {"bench small.safetensors --size 2048 --batch 8 --device cpu", "render config.json --out r --device cpu",
        "render config.json --dry-run --device cpu", "inspect small.safetensors --size 2048 --batch 8 --device cpu",
        "check small.safetensors --size 2048 --batch 8 --device cpu",
        "render config.json --out r --set /batch=8 --device cpu"})
    expect_one_clear_line(run(command, "ulimit -v 900000;"),
                          {"memory: ", "MB are needed", "MB are available", "ulimit -v", "smaller size or batch"});
  EXPECT_FALSE(std::filesystem::exists(folder() / "r"));
}

TEST_F(MemoryOfAStep, BeyondAnyMemoryIsRefusedAtOnce) {
  for (const char* command : {"bench small.safetensors --size 16384 --batch 1024 --device cpu",
                              "inspect small.safetensors --size 16384 --batch 1024 --device cpu"})
    expect_one_clear_line(run(command, "timeout 20"), {});
}

// Four images at a time are usual. Where they do not fit, fewer are taken, and the pictures have the same bytes.
TEST_F(MemoryOfAStep, DecidesHowManyImagesAreDrawnAtATime) {
  const std::string command =
      "render --model small.safetensors --channel conv2:0 --channel conv2:1 --channel conv2:2 --channel conv2:3 "
      "--set /size=768 --set /steps=2 --device cpu --workers 1 --out ";
  ASSERT_EQ(run(command + "wide").exit_code, 0);
  EXPECT_EQ(json::parse(contents("wide/config.json"))["batch"], 4);

  constexpr int kTooLittle = 380'000;  // kilobytes: room for the program, and hardly more
  const Outcome refused = run(command + "r --set /batch=4", fmt::format("ulimit -v {};", kTooLittle));
  expect_one_clear_line(refused, {"memory: "});
  double needed = 0, there = 0;
  ASSERT_EQ(std::sscanf(refused.err.c_str(), "phosphene: error: memory: %lf MB are needed and %lf MB", &needed, &there),
            2);
  const int enough_for_some = kTooLittle + static_cast<int>(0.7 * (needed - there) * 1e6 / 1024);
  const Outcome narrow = run(command + "narrow", fmt::format("ulimit -v {};", enough_for_some));
  ASSERT_EQ(narrow.exit_code, 0) << narrow.err;
  EXPECT_LT(json::parse(contents("narrow/config.json"))["batch"], 4);
  for (int unit = 0; unit < 4; ++unit) {
    const std::string picture = fmt::format("/images/conv2_{:04}.png", unit);
    EXPECT_FALSE(contents("wide" + picture).empty());
    EXPECT_EQ(contents("wide" + picture), contents("narrow" + picture)) << unit;
  }
}

// Of workers that are chosen there are as many as memory holds; of those that are asked for, as many as find some.
TEST_F(MemoryOfAStep, DecidesHowManyWorkThere) {
  const std::string command =
      "render --model small.safetensors --channel conv2:0 --channel conv2:1 --channel conv2:2 --channel conv2:3 "
      "--set /size=768 --set /steps=2 --device cpu --threads 4 --out ";
  ASSERT_EQ(run(command + "wide").exit_code, 0);
  int rendered = 0;
  for (const int kilobytes : {500'000, 700'000, 900'000, 1'200'000}) {
    const std::string out = fmt::format("narrow{}", kilobytes);
    const Outcome outcome = run(command + out, fmt::format("ulimit -v {};", kilobytes));
    if (outcome.exit_code == 2) {
      expect_one_clear_line(outcome, {"memory: "});
      continue;
    }
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    ++rendered;
    for (int unit = 0; unit < 4; ++unit) {
      const std::string picture = fmt::format("/images/conv2_{:04}.png", unit);
      EXPECT_EQ(contents("wide" + picture), contents(out + picture)) << kilobytes << " " << unit;
    }
  }
  EXPECT_GE(rendered, 2);
}

}  // namespace
}  // namespace phosphene
