// Runs that are stopped within a batch go on from there, and nothing of it shows in their pictures and records.
#include "experiment/run/checkpoints.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "experiment/run/run.h"
#include "runtime/files.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"

namespace phosphene::testing::checkpoints_test {
namespace {

namespace fs = std::filesystem;

// Asks to stop at the given report of a step, counted from 1, and keeps the steps.
class StopAt final : public Progress {
 public:
  explicit StopAt(int step) : step_(step) {}
  void on_status(const std::string& line, double /*eta_seconds*/) override {
    const size_t at = line.find("  step ") + 7;
    steps.push_back(std::stoi(line.substr(at)));
    if (std::ssize(steps) == step_) stop = true;
  }
  void on_message(const std::string& line) override { messages.push_back(line); }

  std::atomic<bool> stop = false;
  std::vector<int> steps;
  std::vector<std::string> messages;

 private:
  int step_;
};

struct CheckpointsTest : ::testing::Test {
  TemporaryFolder folder;
  Json config = small_config(folder);
  std::string cut = folder.file("cut");

  // Renders into `out` until that step; the steps that were made.
  std::vector<int> run_until(const std::string& out, int step, RunOptions options = {}) {
    StopAt stop(step);
    options.stop = &stop.stop;
    options.progress = &stop;
    EXPECT_EQ(render(folder, config, out, options).interrupted, step > 0);
    messages = stop.messages;
    return stop.steps;
  }
  std::vector<int> run(const std::string& out) { return run_until(out, 0); }
  std::vector<std::string> checkpoints() const {
    std::vector<std::string> names;
    if (fs::exists(cut + "/checkpoints"))
      for (const auto& entry : fs::directory_iterator(cut + "/checkpoints")) names.push_back(entry.path().string());
    return names;
  }
  void expect_whole(const char* what) {
    run(folder.file(std::string("whole") + what));
    EXPECT_TRUE(files_of(cut) == files_of(folder.file(std::string("whole") + what))) << what;
  }

  std::vector<std::string> messages;
};

TEST_F(CheckpointsTest, AStoppedBatchGoesOn) {
  config["snapshots"] = {0, 9, 10, 12};
  config["save"] = {"image", "spectrum"};
  EXPECT_EQ(run_until(cut, 10).size(), 10U);
  EXPECT_EQ(checkpoints().size(), 1U);
  EXPECT_EQ(run(cut), (std::vector<int>{11, 12}));
  expect_whole("");
}

// At every step of a run of three phases that hand on what they have in each of the ways there are, of groups that draw together.
TEST_F(CheckpointsTest, AtAnyStepOfAnyPhase) {
  config = Json::parse(R"({"objective": [{"channel": {"layer": "conv3:pre", "unit": 1}},
                                         {"diversity": {"layer": "conv2"}, "weight": -0.1}],
                           "images": 2, "steps": 10, "snapshots": [9, 11, 31],
                           "phases": [{"optimizer": {"sgd": {}}}, {"transforms": "none"},
                                      {"parameterization": {"pixel": {}}}]})");
  config["model"] = "small.safetensors";
  for (int stop = 1; stop < 40; ++stop) {
    cut = folder.file("cut" + std::to_string(stop));
    EXPECT_EQ(std::ssize(run_until(cut, stop)), stop);
    const std::vector<int> rest = run(cut);
    EXPECT_EQ(rest.front(), stop + 1);
    EXPECT_EQ(rest.back(), 40);
  }
  run(folder.file("whole"));
  for (int stop = 1; stop < 40; ++stop)
    EXPECT_TRUE(files_of(folder.file("cut" + std::to_string(stop))) == files_of(folder.file("whole"))) << stop;
}

TEST_F(CheckpointsTest, EveryParameterizationAndOptimiserGoesOn) {
  config["steps"] = 20;
  config["sweep"] = Json::parse(R"({"variants": {
      "pixel": {"parameterization": {"pixel": {}}, "optimizer": {"nadam": {}}},
      "cppn": {"parameterization": {"cppn": {}}, "optimizer": {"sgd": {}}},
      "shared": {"parameterization": {"shared": {}}, "images": 2},
      "transparent": {"transparency": {}},
      "steepest": {"optimizer": {"steepest": {}}}}})");
  for (int stop = 15; stop <= 95; stop += 20) {
    EXPECT_GE(std::ssize(run_until(cut, stop)), 15);
    EXPECT_EQ(checkpoints().size(), 1U) << stop;
    fs::copy(cut, folder.file("copy" + std::to_string(stop)), fs::copy_options::recursive);
    const std::vector<int> rest = run(folder.file("copy" + std::to_string(stop)));
    EXPECT_EQ(rest.front(), 16) << stop;
    fs::remove_all(cut);
  }
  run(folder.file("whole"));
  for (int stop = 15; stop <= 95; stop += 20)
    EXPECT_TRUE(files_of(folder.file("copy" + std::to_string(stop))) == files_of(folder.file("whole"))) << stop;
}

// A batch of four is continued in batches of two, and by another number of threads.
TEST_F(CheckpointsTest, BelongToJobsNotToBatches) {
  config["sweep"] = {{"/objective/0/channel/unit", {0, 1, 2, 3}}};
  RunOptions wide;
  EXPECT_EQ(run_until(cut, 10, wide).size(), 10U);
  EXPECT_EQ(checkpoints().size(), 4U);
  RunOptions other;
  other.device.threads = 2;
  other.shard = {0, 2};
  EXPECT_EQ(run_until(cut, 0, other).front(), 11);
  EXPECT_EQ(checkpoints().size(), 2U);
  EXPECT_EQ(run(cut).front(), 11);
  expect_whole("");
}

TEST_F(CheckpointsTest, AreKeptWhileItRuns) {
  RunOptions often;
  often.checkpoint_seconds = 1e-9;
  class Looking final : public Progress {
   public:
    explicit Looking(std::string folder) : folder_(std::move(folder)) {}
    // Of "... step 7/12 ..." the checkpoint of step 6 is on its way.
    void on_status(const std::string& line, double /*eta_seconds*/) override {
      const size_t at = line.find("step ");
      const int64_t before = at == std::string::npos ? 0 : std::stoll(line.substr(at + 5)) - 1;
      for (int wait = 0; wait < 1000 && before > 0; ++wait) {
        for (const auto& [name, standing] : Checkpoints(folder_, "cpu").list())
          if (standing.step == before) return seen.push_back(before);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
    void on_message(const std::string& /*line*/) override {}
    std::vector<int64_t> seen;

   private:
    std::string folder_;
  } progress(cut);
  often.progress = &progress;
  render(folder, config, cut, often);
  EXPECT_EQ(progress.seen, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_FALSE(fs::exists(cut + "/checkpoints"));
  expect_whole("");
}

TEST_F(CheckpointsTest, NoneIfNoneAreWanted) {
  RunOptions none;
  none.checkpoint_seconds = 0;
  EXPECT_EQ(run_until(cut, 10, none).size(), 10U);
  EXPECT_TRUE(checkpoints().empty());
  EXPECT_EQ(run(cut).size(), 12U);
}

TEST_F(CheckpointsTest, DamagedOnesAreNotContinued) {
  const std::string whole = folder.file("whole");
  run(whole);
  run_until(cut, 10);
  const std::string file = checkpoints().front(), bytes = contents_of(file);
  const auto rest_with = [&](const std::string& damaged) {
    fs::remove_all(folder.file("copy"));
    fs::copy(cut, folder.file("copy"), fs::copy_options::recursive);
    write_file(folder.file("copy/checkpoints/") + fs::path(file).filename().string(), damaged);
    const size_t steps = run(folder.file("copy")).size();
    EXPECT_TRUE(files_of(folder.file("copy")) == files_of(whole));
    return steps;
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = bytes;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
  };
  EXPECT_EQ(rest_with(bytes), 2U);
  EXPECT_EQ(rest_with(bytes.substr(0, bytes.size() / 2)), 12U) << "cut short";
  EXPECT_EQ(rest_with(""), 12U) << "empty";
  EXPECT_EQ(rest_with(with(R"("backend":"cpu")", R"("backend":"gpu")")), 12U) << "of another backend";
  EXPECT_EQ(rest_with(with(R"("step":"10")", R"("step":"99")")), 12U) << "beyond the end";
  EXPECT_EQ(rest_with(with(R"("phase":"0")", R"("phase":"1")")), 12U) << "of a phase that is none";
  EXPECT_EQ(rest_with(with("state stopped_at", "state stepped_at")), 12U) << "without a state";
}

TEST_F(CheckpointsTest, OneThatCannotBeWrittenIsToldAndStopsNothing) {
  run_until(cut, 10);
  fs::remove_all(cut + "/checkpoints");
  write_file(cut + "/checkpoints", "in the way");
  EXPECT_EQ(run_until(cut, 10).size(), 10U);
  ASSERT_FALSE(messages.empty());
  EXPECT_NE(messages.back().find("no checkpoint was kept: "), std::string::npos) << messages.back();
  EXPECT_EQ(run(cut).size(), 12U);
}

}  // namespace
}  // namespace phosphene::testing::checkpoints_test
