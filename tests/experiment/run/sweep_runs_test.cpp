// Runs of sweeps that grow, that are large, and whose jobs do not know of each other.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/run/run.h"
#include "experiment/run/run_folder.h"
#include "runtime/files.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::sweep_runs_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnit = "/objective/0/channel/unit";

struct SweepRuns : ::testing::Test {
  TemporaryFolder folder;
  Json config = small_config(folder);

  RunResult run(const std::string& name) { return render(folder, config, folder.file(name)); }
  std::vector<std::string> described() {
    RunOptions options;
    options.out = folder.file("none");
    return describe_run(parse_config(config, "test.json", folder.path().string()), options);
  }
};

// One frame or unit alone is the one in the sweep, wherever it stands there.
TEST_F(SweepRuns, JobsAloneHaveTheSamePictures) {
  config["images"] = 2;
  config["sweep"] = {{"/seed", {5, 6}}, {kUnit, {3, 0, 2}}};
  run("all");
  config.erase("sweep");
  config["seed"] = 6;
  config["objective"][0]["channel"]["unit"] = 2;
  run("alone");
  for (const char* image : {"0", "1"})
    EXPECT_EQ(contents_of(folder.file(std::string("all/images/conv3-pre_0002_seed_0006_image") + image + ".png")),
              contents_of(folder.file(std::string("alone/images/conv3-pre_2_image") + image + ".png")));
}

TEST_F(SweepRuns, MayGrow) {
  config["sweep"] = {{kUnit, {3, 1}}};
  EXPECT_EQ(run("grown").finished, 2);
  const auto before = results_of(folder.file("grown"));
  config["sweep"] = {{kUnit, {{"range", {0, 4}}}}};
  const RunResult more = run("grown");
  EXPECT_EQ(more.skipped, 2);
  EXPECT_EQ(more.finished, 2);
  const auto after = results_of(folder.file("grown"));
  for (const auto& [file, contents] : before) EXPECT_EQ(after.at(file), contents) << file;
  EXPECT_EQ(read_json(folder.file("grown/config.json"))["images"], 4);
  run("whole");
  EXPECT_EQ(after, results_of(folder.file("whole")));
  std::vector<int64_t> units;
  for (const Json& record : read_records(folder.file("grown"), false)) units.push_back(record["unit"]);
  EXPECT_EQ(units, (std::vector<int64_t>{0, 1, 2, 3})) << "in the order of the sweep that it is now";

  config["sweep"] = {{kUnit, {0, 1, 2}}};
  EXPECT_TRUE(refuses([&] { run("grown"); }, {"another experiment", kUnit, "had 3"}));
}

// A file of values may change: those that were drawn stay known, and more may be added.
TEST_F(SweepRuns, TakesValuesFromAFile) {
  const auto units = [&](const char* list) { write_file(folder.file("units.json"), list); };
  units("[3, 1]");
  config["sweep"] = {{kUnit, {{"from", "units.json"}}}};
  EXPECT_EQ(run("listed").finished, 2);
  EXPECT_EQ(read_json(folder.file("listed/config.json"))["config"]["sweep"][kUnit], Json({3, 1}));
  units("[3, 1, 0]");
  EXPECT_EQ(run("listed").finished, 1);
  units("[3, 0]");
  EXPECT_TRUE(refuses([&] { run("listed"); }, {"another experiment", "had 1"}));

  write_file(folder.file("seeds.json"), "[7, 8]");
  config["sweep"] = {{"zip", {{kUnit, {{"from", "units.json"}}}, {"/seed", {{"from", "seeds.json"}}}}}};
  EXPECT_EQ(run("zipped").finished, 2);
  EXPECT_TRUE(fs::exists(folder.file("zipped/records/conv3-pre_0000_seed_0008.json")));

  const std::vector<std::string> place = {"test.json: /sweep", "units.json"};
  for (const char* wrong : {"3", R"({"units": [1]})", "[1", ""}) {
    units(wrong);
    EXPECT_TRUE(refuses([&] { run("none"); }, place)) << wrong;
  }
  fs::remove(folder.file("units.json"));
  EXPECT_TRUE(refuses([&] { run("none"); }, place)) << "missing";
  config["sweep"] = {{kUnit, {{"from", "units.json"}, {"range", {0, 1}}}}};
  EXPECT_TRUE(refuses([&] { run("none"); }, {"/sweep", "range"}));
}

TEST_F(SweepRuns, MayGrowToAWholeLayer) {
  config["sweep"] = {{kUnit, {3, 1}}};
  EXPECT_EQ(run("grown").finished, 2);
  config["sweep"] = {{kUnit, "all"}};
  EXPECT_EQ(run("grown").skipped, 2);
  std::vector<int64_t> units;
  for (const Json& record : read_records(folder.file("grown"), false)) units.push_back(record["unit"]);
  EXPECT_EQ(units, (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(run("grown").skipped, 6);
  config["sweep"] = {{kUnit, {{"range", {0, 6}}}}};
  EXPECT_TRUE(refuses([&] { run("grown"); }, {"another experiment", "all"}));
}

TEST_F(SweepRuns, OfAnOlderVersionDoNotGoOn) {
  config["sweep"] = {{kUnit, {3, 1}}};
  run("old");
  Json frozen = read_json(folder.file("old/config.json"));
  frozen.erase("folder");
  write_file(folder.file("old/config.json"), frozen.dump());
  EXPECT_TRUE(refuses([&] { run("old"); }, {"another experiment", "older version"}));
}

// A page of such a run can still be made, in the order that its records say.
TEST_F(SweepRuns, OfAnOlderVersionCanBeReported) {
  config["sweep"] = {{kUnit, {3, 1}}};
  run("old");
  Json frozen = read_json(folder.file("old/config.json"));
  frozen.erase("folder");
  frozen["config"]["sweep"][kUnit] = {3, 1, 3};
  write_file(folder.file("old/config.json"), frozen.dump());
  for (const auto& [name, job] : {std::pair("conv3-pre_0003", 2), {"conv3-pre_0001", 1}}) {
    const std::string path = folder.file(std::string("old/records/") + name + ".json");
    Json record = read_json(path);
    record["job"] = job;
    write_file(path, record.dump());
  }
  const std::vector<Json> records = read_records(folder.file("old"), false);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0]["unit"], 1);
  EXPECT_EQ(records[1]["unit"], 3);
}

// The last of many is found before the first step.
TEST_F(SweepRuns, AWrongJobIsFoundAtTheStart) {
  config["sweep"] = {{"/seed", {{"range", {0, 1000}}}}, {kUnit, {{"range", {0, 7}}}}};
  EXPECT_TRUE(refuses([&] { run("wrong"); }, {"unit"}));
  EXPECT_FALSE(fs::exists(folder.file("wrong")));
  EXPECT_TRUE(refuses([&] { described(); }, {"unit"}));
  config["sweep"] = {{"/seed", {{"range", {0, 100000}}}}, {kUnit, {{"range", {0, 7}}}}};
  EXPECT_TRUE(refuses([&] { described(); }, {"unit"}));
}

// A config of each job took 45 us and 2.5 kB.
TEST_F(SweepRuns, AMillionJobsAreDescribedAtOnce) {
  config["sweep"] = {{"/seed", {{"range", {0, 200000}}}}, {kUnit, {{"range", {0, 5}}}}};
  const std::clock_t start = std::clock();
  const std::vector<std::string> lines = described();
  EXPECT_NE(lines[1].find("1000000 jobs"), std::string::npos) << lines[1];
  EXPECT_EQ(lines[6], "last     conv3-pre_0004_seed_199999");
  // 3 x 4096 jobs of some 50 us; a million would take 50 s.
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 10);
}

// More jobs than are at hand at a time; the second window begins with another program.
TEST_F(SweepRuns, GoThroughAllWindows) {
  config["sweep"] = {{"/objective/0/channel/layer", {"conv3:pre", "conv2:pre"}}, {"/seed", {{"range", {0, 6}}}}};
  EXPECT_EQ(run("all").finished, 12);
  RunOptions few;
  few.window = 5;
  EXPECT_EQ(render(folder, config, folder.file("few"), few).finished, 12);
  EXPECT_EQ(results_of(folder.file("all")), results_of(folder.file("few")));
  fs::remove(folder.file("few/records/conv2-pre_0001_seed_0005.json"));
  fs::remove(folder.file("few/records/conv3-pre_0001_seed_0000.json"));
  const RunResult again = render(folder, config, folder.file("few"), few);
  EXPECT_EQ(again.finished, 2);
  EXPECT_EQ(again.skipped, 10);
  EXPECT_EQ(results_of(folder.file("all")), results_of(folder.file("few")));
}

}  // namespace
}  // namespace phosphene::testing::sweep_runs_test
