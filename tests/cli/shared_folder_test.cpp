// Several processes on one run folder, some of which are killed.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <thread>

#include "loaders/json.h"
#include "tests/cli/program_under_test.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

class SharedFolder : public ProgramTest {
 protected:
  SharedFolder() {
    write("c.json", R"({"model": "small.safetensors", "steps": 60, "snapshots": [20], "save": ["image"], "batch": 2,
                        "objective": [{"channel": {"layer": "conv2", "unit": 0}}],
                        "sweep": {"/objective/0/channel/unit": {"range": [0, 6]}, "/seed": {"range": [0, 8]}}})");
  }

  [[nodiscard]] std::map<std::string, std::string> files_of(const std::string& run) const {
    std::map<std::string, std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder() / run)) {
      const std::string name = fs::relative(entry.path(), folder() / run).string();
      if (entry.is_regular_file() && name != "timing.jsonl") files[name] = contents_of(entry.path());
    }
    return files;
  }
  [[nodiscard]] pid_t start(const std::string& out) const {
    const pid_t child = fork();
    if (child != 0) return child;
    if (chdir(folder().c_str()) != 0) _exit(99);
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(99);
    execl(PHOSPHENE_PROGRAM, PHOSPHENE_PROGRAM, "render", "c.json", "--out", out.c_str(), "--threads", "1",
          "--checkpoint", ".01", nullptr);
    _exit(99);
  }
};

TEST_F(SharedFolder, IsDividedAndNothingIsMadeTwice) {
  ASSERT_EQ(run("render c.json --out whole --threads 1").exit_code, 0);
  std::vector<pid_t> children;
  for (int child = 0; child < 3; ++child) children.push_back(start("shared"));
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_TRUE(files_of("shared") == files_of("whole"));
  // Each image once; two that meet at a batch may have a part of it each.
  std::istringstream timing(contents_of(folder() / "shared/timing.jsonl"));
  int images = 0, batches = 0;
  for (std::string line; std::getline(timing, line); ++batches) images += Json::parse(line)["images"].get<int>();
  EXPECT_EQ(images, 48);
  EXPECT_LE(batches, 30) << "24 of two";
}

TEST_F(SharedFolder, OutlivesThoseThatAreKilled) {
  ASSERT_EQ(run("render c.json --out whole --threads 1").exit_code, 0);
  std::mt19937 random(1);
  std::vector<pid_t> children;
  for (int kill_number = 0; kill_number < 30; ++kill_number) {
    while (children.size() < 3) children.push_back(start("shared"));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    std::swap(children[random() % children.size()], children.back());
    kill(children.back(), SIGKILL);
    waitpid(children.back(), nullptr, 0);
    children.pop_back();
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  const Outcome last = run("render c.json --out shared --threads 1"), status = run("status shared");
  EXPECT_EQ(last.exit_code, 0);
  EXPECT_NE(status.out.find("48 of 48 images finished\n"), std::string::npos) << status.out << last.out << last.err;
  EXPECT_TRUE(files_of("shared") == files_of("whole"));
}

TEST_F(SharedFolder, PartsAreNamedFromOne) {
  EXPECT_EQ(run("render c.json --out part --shard 2/3").exit_code, 0);
  EXPECT_NE(run("status part").out.find("16 of 48 images finished"), std::string::npos);
  const Outcome csv = run("query part 'unit=2 seed=0..3' --csv --fields name,unit,seed");
  EXPECT_EQ(csv.out.substr(0, csv.out.find('\n')), "name,unit,seed");
  for (const char* wrong : {"0/3", "4/3", "1", "1/", "/3", "a/3", "1/0", "-1/3", "1/3/5"})
    expect_one_clear_line(run(std::string("render c.json --out none --shard=") + wrong), {"--shard"});
  expect_one_clear_line(run("render c.json --out none --checkpoint -1"), {"--checkpoint"});
  expect_one_clear_line(run("query part objektive=3"), {"objektive", "objective"});
}

}  // namespace
}  // namespace phosphene
