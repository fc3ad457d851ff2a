// phosphene slurm on a real Slurm of several nodes, some of which die. Every run must have the bytes of a single process.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

#include "tests/cli/program_under_test.h"
#include "tests/slurm/cluster.h"
#include "tests/support/scoped_variable.h"

namespace phosphene::many_machines_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::SlurmCluster;

class ManyMachines : public ProgramTest {
 protected:
  ManyMachines() { save_classifier((folder() / "classifier.safetensors").string()); }

  // A config of 12 channels under each of `seeds`, and the run of a single process. Each picture is a batch of its own, and takes a
  // sixth of a second of one core.
  void prepare(size_t seeds) {
    jobs_ = 12 * seeds;
    std::string list = "0";
    for (size_t seed = 1; seed < seeds; ++seed) list += fmt::format(", {}", seed);
    write("c.json",
          fmt::format(R"({{"version": 1, "model": "classifier.safetensors", "size": 64, "steps": 60, "batch": 1,
      "objective": [{{"channel": {{"layer": "conv2", "unit": 0}}}}],
      "sweep": {{"/objective/0/channel/unit": [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 31], "/seed": [{}]}}}})",
                      list));
    ASSERT_EQ(run("render c.json --out alone --device cpu --threads 1").exit_code, 0);
    ASSERT_EQ(records("alone"), jobs_);
  }

  void start(int nodes, int cpus) {
    cluster_ = std::make_unique<SlurmCluster>(nodes, cpus);
    variable_ = std::make_unique<testing::ScopedVariable>("SLURM_CONF", cluster_->configuration());
  }

  [[nodiscard]] size_t records(const std::string& run) const {
    std::error_code none_yet;
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder() / run / "records", none_yet))
      if (entry.path().extension() == ".json") ++count;
    return count;
  }

  [[nodiscard]] bool wait_until(const std::function<bool()>& reached, std::chrono::seconds patience) const {
    for (const Clock::time_point start = Clock::now(); Clock::now() - start < patience;
         std::this_thread::sleep_for(20ms))
      if (reached()) return true;
    return false;
  }

  // "JobState" of `scontrol show job`, one for each task.
  [[nodiscard]] std::vector<std::string> values(const std::string& job, const std::string& name) const {
    const std::string text = cluster_->ask("scontrol -o show job " + job);
    std::vector<std::string> found;
    std::istringstream words(text);
    for (std::string word; words >> word;)
      if (word.starts_with(name + "=")) found.push_back(word.substr(name.size() + 1));
    return found;
  }
  [[nodiscard]] bool has_ended(const std::string& job) const {
    const std::vector<std::string> states = values(job, "JobState");
    return states.size() == 1 && states[0] != "PENDING" && states[0] != "RUNNING" && states[0] != "COMPLETING";
  }
  [[nodiscard]] int restarts(const std::string& job) const {
    int count = 0;
    for (const std::string& restarts : values(job, "Restarts")) count += std::stoi(restarts);
    return count;
  }

  // Everything a person would want to see of a run that went wrong.
  [[nodiscard]] std::string told(const std::string& run) const {
    std::string text = cluster_->ask("scontrol -o show job") + cluster_->logs();
    for (const auto& entry : fs::directory_iterator(folder() / (run + ".slurm")))
      text += "--- " + entry.path().filename().string() + "\n" + contents_of(entry.path());
    return text;
  }

  // That `run` holds what a single process writes into `alone`, and nothing else.
  void expect_equal(const std::string& run, const std::string& alone) const {
    const std::map<std::string, std::string> expected = files(alone), got = files(run);
    std::set<std::string> missing, strange;
    for (const auto& [name, bytes] : expected) {
      const auto found = got.find(name);
      if (found == got.end()) {
        missing.insert(name);
      } else if (name != "timing.jsonl") {
        EXPECT_TRUE(found->second == bytes) << name << " has other bytes";
      }
    }
    for (const auto& [name, bytes] : got)
      if (!expected.contains(name)) strange.insert(name);
    EXPECT_EQ(missing, std::set<std::string>{});
    EXPECT_EQ(strange, std::set<std::string>{});
  }

  size_t jobs_ = 0;
  std::unique_ptr<SlurmCluster> cluster_;

 private:
  [[nodiscard]] std::map<std::string, std::string> files(const std::string& run) const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder() / run))
      if (!entry.is_directory())
        found[entry.path().lexically_relative(folder() / run).string()] = contents_of(entry.path());
    return found;
  }

  std::unique_ptr<testing::ScopedVariable> variable_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_F(ManyMachines, TwelveTasksOnThreeNodesOfWhichOneDies) {
  if (const std::string lack = SlurmCluster::lacks(); !lack.empty()) GTEST_SKIP() << lack;
  ASSERT_NO_FATAL_FAILURE(prepare(4));
  constexpr int kPlaces = 4;  // of a node
  start(3, kPlaces);
  const Outcome outcome = run("slurm c.json --out many --array 12 -- --device cpu --threads 1");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<std::string> jobs = lines_of(outcome.out);
  ASSERT_EQ(jobs.size(), 2U) << outcome.out;

  ASSERT_TRUE(wait_until([&] { return records("many") >= jobs_ / 3 || has_ended(jobs[1]); }, 60s)) << told("many");
  const int killed = cluster_->kill_node("n2");
  const size_t finished = records("many");
  EXPECT_GE(killed, 1) << "nothing ran there";
  EXPECT_LT(finished, jobs_) << "too late to try anything";

  ASSERT_TRUE(wait_until([&] { return has_ended(jobs[1]); }, 120s)) << told("many");
  EXPECT_EQ(values(jobs[1], "JobState"), std::vector<std::string>{"COMPLETED"});
  EXPECT_EQ(values(jobs[0], "JobState"), std::vector<std::string>(12, "COMPLETED"));
  // So does one that had just ended, or was about to begin, where Slurm had not heard of it yet.
  EXPECT_GE(restarts(jobs[0]), killed) << "each task that died ran again";
  EXPECT_LE(restarts(jobs[0]), kPlaces);
  expect_equal("many", "alone");
  if (HasFailure()) ADD_FAILURE() << told("many");
}

// What Slurm makes of names, of a task that is queued again by hand (it gets SIGTERM, as at the end of its time, and all that is left is
// its own), and of a partition that there is not.
TEST_F(ManyMachines, OddNamesATaskThatIsStoppedAndAPartitionThatThereIsNot) {
  if (const std::string lack = SlurmCluster::lacks(); !lack.empty()) GTEST_SKIP() << lack;
  ASSERT_NO_FATAL_FAILURE(prepare(2));
  start(1, 1);
  const Outcome refused = run("slurm c.json --out nix --array 2 --sbatch-option=--partition=nix -- --device cpu");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("nix"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("for the reason above"), std::string::npos) << refused.err;

  const std::string odd = "o 'd' \"d\" $HOME %A #1 é";
  const Outcome outcome = run(
      R"(slurm c.json --out "o 'd' \"d\" \$HOME %A #1 é" --array 1 --sbatch-option=--comment='"x y' -- --device cpu --threads 1)");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<std::string> jobs = lines_of(outcome.out);
  ASSERT_EQ(jobs.size(), 2U) << outcome.out;
  ASSERT_TRUE(wait_until([&] { return records(odd) >= jobs_ / 4 || has_ended(jobs[1]); }, 60s)) << told(odd);
  EXPECT_EQ(cluster_->ask("scontrol requeue " + jobs[0] + "_1"), "");
  EXPECT_LT(records(odd), jobs_) << "too late to try anything";
  ASSERT_TRUE(wait_until([&] { return has_ended(jobs[1]); }, 120s)) << told(odd);
  EXPECT_EQ(values(jobs[0], "JobState"), std::vector<std::string>{"COMPLETED"});
  EXPECT_EQ(restarts(jobs[0]), 1);
  expect_equal(odd, "alone");
  // Its log goes on where it was.
  const std::string log = contents_of(folder() / (odd + ".slurm") / (jobs[0] + "_1.log"));
  EXPECT_NE(log.find("the same command continues"), std::string::npos) << log;
  EXPECT_NE(log.find("report.html"), std::string::npos) << log;
  if (HasFailure()) ADD_FAILURE() << told(odd);
}

}  // namespace
}  // namespace phosphene::many_machines_test
