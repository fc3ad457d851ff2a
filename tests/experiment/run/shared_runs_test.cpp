// Runs of which several processes make parts, and run folders that somebody has changed by hand.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/run/run.h"
#include "experiment/run/run_folder.h"
#include "runtime/files.h"
#include "runtime/process_identity.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"

namespace phosphene::testing::shared_runs_test {
namespace {

namespace fs = std::filesystem;

struct SharedRuns : ::testing::Test {
  TemporaryFolder folder;
  Json config = small_config(folder);
  std::string out = folder.file("run");

  SharedRuns() { config["sweep"] = {{"/objective/0/channel/unit", {0, 1, 2, 3}}, {"/seed", {1, 2, 3}}}; }
  RunResult run(const RunOptions& options = {}) { return render(folder, config, out, options); }
  std::map<std::string, std::string> whole() {
    if (!fs::exists(folder.file("whole"))) render(folder, config, folder.file("whole"));
    return files_of(folder.file("whole"));
  }
  std::string file(const std::string& name) const { return out + "/" + name; }
};

TEST_F(SharedRuns, ShardsAreTheWhole) {
  std::map<std::string, std::string> pictures;
  for (int64_t index = 0; index < 5; ++index) {
    out = folder.file("shard" + std::to_string(index));
    RunOptions options;
    options.shard = {index, 5};
    EXPECT_GE(run(options).finished, 2);
    for (auto& [name, bytes] : results_of(out)) EXPECT_TRUE(pictures.emplace(name, bytes).second) << name << " twice";
  }
  whole();
  EXPECT_TRUE(pictures == results_of(folder.file("whole")));
}

TEST(Shard, PartsAreAlikeAndNeighboursStayTogether) {
  for (const size_t jobs : {size_t{1}, size_t{7}, size_t{512}, size_t{5488}}) {
    for (const int64_t count : {int64_t{1}, int64_t{3}, int64_t{12}}) {
      std::vector<size_t> sizes(static_cast<size_t>(count));
      for (size_t job = 0; job < jobs; ++job) {
        int holders = 0;
        for (int64_t index = 0; index < count; ++index) {
          if (!Shard{index, count}.holds(job, jobs)) continue;
          ++sizes[static_cast<size_t>(index)];
          ++holders;
        }
        ASSERT_EQ(holders, 1);
      }
      const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
      EXPECT_LE(*most - *least, std::max<size_t>(1, jobs / static_cast<size_t>(count) / 4)) << jobs << " by " << count;
    }
  }
  EXPECT_TRUE((Shard{0, 12}.holds(37, 5488)));
  EXPECT_TRUE((Shard{0, 12}.holds(38, 5488)));
}

RunOptions with_workers(int workers, int threads) {
  RunOptions options;
  options.workers = workers;
  options.device.threads = threads;
  return options;
}

TEST_F(SharedRuns, WorkersChangeNothing) {
  config["snapshots"] = {6};
  config["sweep"]["variants"] =
      Json::parse(R"({"plain": {}, "pair": {"images": 2}, "pixel": {"parameterization": {"pixel": {}}}})");
  const std::map<std::string, std::string> one = whole();
  for (const auto& [workers, threads] : {std::pair(2, 2), std::pair(3, 3), std::pair(4, 1), std::pair(0, 5)}) {
    out = folder.file(std::to_string(workers));
    EXPECT_EQ(run(with_workers(workers, threads)).finished, 48);
    EXPECT_TRUE(results_of(out) == results_of(folder.file("whole"))) << workers;
    EXPECT_EQ(files_of(out).size(), one.size()) << "no trace";
    EXPECT_EQ(run(with_workers(workers, threads)).skipped, 48);
  }
}

// The first failure is told, the others stop, and what they had goes on later.
TEST_F(SharedRuns, AWorkerThatFailsEndsTheRun) {
  config["steps"] = 60;
  make_folder(file("images/conv3-pre_0001_seed_0002.png"));  // in the way of a picture
  EXPECT_TRUE(refuses([&] { run(with_workers(3, 3)); }, {"not empty"})) << "somebody's folder";
  fs::remove_all(out);
  EXPECT_EQ(run(with_workers(3, 3)).finished, 12);
  for (const char* ending : {"records/conv3-pre_0001_seed_0002.json", "images/conv3-pre_0001_seed_0002.png"})
    fs::remove(file(ending));
  fs::remove(file("records/conv3-pre_0003_seed_0003.json"));
  make_folder(file("images/conv3-pre_0001_seed_0002.png"));
  EXPECT_TRUE(refuses([&] { run(with_workers(3, 3)); }, {"conv3-pre_0001_seed_0002.png", "folder"}));
  EXPECT_FALSE(fs::exists(file("claims/conv3-pre_0001_seed_0002.1.claim")));
  fs::remove(file("images/conv3-pre_0001_seed_0002.png"));
  EXPECT_GE(run(with_workers(3, 3)).finished, 1);
  EXPECT_TRUE(files_of(out).size() == whole().size());
}

// What another process has is left to it.
TEST_F(SharedRuns, WhatOthersMakeIsLeftToThem) {
  run();
  const std::string name = "conv3-pre_0002_seed_0003";
  fs::remove(file("records/" + name + ".json"));
  const ProcessIdentity self = this_process();
  make_folder(file("processes"));
  write_file(
      file("processes/other-1.json"),
      Json({{"host", self.host}, {"space", self.space}, {"pid", self.pid}, {"clock_ticks_at_start", self.started}})
          .dump());
  make_folder(file("claims"));
  write_file(file("claims/" + name + ".1.claim"), "other-1");
  const RunResult beside = run();
  EXPECT_EQ(beside.elsewhere, 1);
  EXPECT_EQ(beside.finished, 0);
  EXPECT_EQ(beside.skipped, 11);
  EXPECT_FALSE(fs::exists(file("records/" + name + ".json")));

  RunOptions autotuned;
  autotuned.device.autotune = true;
  EXPECT_TRUE(refuses([&] { run(autotuned); }, {"--autotune"}));

  fs::remove(file("processes/other-1.json"));  // it has ended
  const RunResult after = run();
  EXPECT_EQ(after.elsewhere, 0);
  EXPECT_EQ(after.finished, 1);
  EXPECT_TRUE(files_of(out) == whole()) << "and no trace of who died";
}

TEST_F(SharedRuns, TracesOfTheDeadGoWithTheNextStart) {
  run();
  make_folder(file("processes"));
  write_file(file("processes/dead-1.json"), "{}");
  make_folder(file("claims"));
  write_file(file("claims/conv3-pre_0002_seed_0003.1.claim"), "dead-2");
  make_folder(file("checkpoints"));
  for (const char* left : {"checkpoints", "processes"})
    write_file(file(std::string(left) + "/.999999999-0.part"), "half");
  // Nobody knows when an unreadable process died but by its silence.
  fs::last_write_time(file("processes/dead-1.json"), fs::file_time_type::clock::now() - std::chrono::minutes(3));
  EXPECT_EQ(run().finished, 0);
  EXPECT_TRUE(files_of(out) == whole());
}

TEST_F(SharedRuns, WhatWasChangedByHandIsMadeAgain) {
  config["snapshots"] = {4};
  config["save"] = {"image"};
  run();
  const std::string name = "conv3-pre_0001_seed_0002", picture = file("images/" + name + ".png");
  const auto again = [&](const char* what) {
    EXPECT_EQ(run().finished, 1) << what;
    EXPECT_TRUE(files_of(out) == whole()) << what;
  };
  for (const char* ending :
       {"images/NAME.png", "images/NAME_step04.png", "records/NAME.json", "floats/NAME.safetensors"}) {
    std::string path = file(ending);
    path.replace(path.find("NAME"), 4, name);
    ASSERT_TRUE(fs::remove(path)) << path;
    again(ending);
    if (path.ends_with(".safetensors")) continue;
    const std::string bytes = contents_of(path);
    write_file(path, bytes.substr(0, bytes.size() / 2));
    again("cut short");
    write_file(path, "");
    again("empty");
  }
}

// Of two different experiments that begin in one folder at once, one is refused.
TEST_F(SharedRuns, OneExperimentTakesAFolder) {
  const Json one = {{"config", {{"seed", 1}}}, {"inputs", Json::object()}};
  const Json other = {{"config", {{"seed", 2}}}, {"inputs", Json::object()}};
  EXPECT_TRUE(write_new_file(folder.file("config.json"), "one"));
  EXPECT_FALSE(write_new_file(folder.file("config.json"), "other"));
  EXPECT_EQ(contents_of(folder.file("config.json")), "one");
  const RunFolder first(out, one);
  EXPECT_TRUE(refuses([&] { const RunFolder second(out, other); }, {"another experiment", "/seed"}));
}

}  // namespace
}  // namespace phosphene::testing::shared_runs_test
