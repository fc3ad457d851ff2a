// Every command stops within a second of a signal, says by its exit code which it was, and leaves no half-written or temporary file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "tests/cli/program_under_test.h"

namespace phosphene::interrupt_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr double kSecond = 1;  // the promise

struct Ended {
  int exit_code = -1;
  double seconds = 0;  // since the signal
  std::string err;
};

class Interrupt : public ProgramTest {
 protected:
  Interrupt() {
    save_classifier((folder() / "classifier.safetensors").string());
    write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  }

  // Starts the program in folder().
  [[nodiscard]] pid_t start(const std::vector<std::string>& arguments) const {
    std::vector<char*> pointers = {const_cast<char*>(PHOSPHENE_PROGRAM)};
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    if (chdir(folder().c_str()) != 0) _exit(127);
    const int err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), none = open("/dev/null", O_RDWR);
    dup2(none, STDIN_FILENO);
    dup2(none, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    signal(SIGINT, SIG_DFL);
    execv(PHOSPHENE_PROGRAM, pointers.data());
    _exit(127);
  }

  // Waits until the program has said how it takes signals, and some time more.
  static void let_it_begin(pid_t child, std::chrono::milliseconds work = 400ms) {
    for (int i = 0; i < 500; ++i) {
      std::ifstream status(fmt::format("/proc/{}/status", child));
      for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("SigCgt:")) continue;
        if ((std::stoull(line.substr(7), nullptr, 16) & (1ULL << (SIGINT - 1))) != 0) {
          std::this_thread::sleep_for(work);
          return;
        }
      }
      std::this_thread::sleep_for(10ms);
    }
  }

  // Fails where the program was at its end before the signal came: then nothing was tried.
  [[nodiscard]] Ended stop(pid_t child, int signal) const {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, WNOHANG), 0) << "it ended by itself: " << contents_of(folder() / "err");
    const Clock::time_point asked = Clock::now();
    kill(child, signal);
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            std::chrono::duration<double>(Clock::now() - asked).count(), contents_of(folder() / "err")};
  }

  // The files that were not there before, without the streams'.
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder()))
      if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(folder()).string());
    names.erase("err");
    return names;
  }

  void expect_to_stop(const std::vector<std::string>& arguments, int signal, int exit_code) const {
    SCOPED_TRACE(arguments.front() + " and signal " + std::to_string(signal));
    const std::set<std::string> before = files();
    const pid_t child = start(arguments);
    let_it_begin(child);
    const Ended ended = stop(child, signal);
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    EXPECT_LT(ended.seconds, kSecond);
    EXPECT_NE(ended.err.find("the same command"), std::string::npos) << ended.err;
    EXPECT_EQ(files(), before);
  }
};

TEST_F(Interrupt, EveryLongCommandStops) {
  std::vector<std::string> classify = {"classify", "classifier.safetensors"};
  classify.insert(classify.end(), 20000, "grey.png");
  const std::vector<std::vector<std::string>> commands = {
      {"bench", "small.safetensors", "--steps", "100000", "--device", "cpu"},
      {"bench", "small.safetensors", "--beside", "gray.safetensors", "--steps", "100000", "--device", "cpu"},
      classify,
      {"adversarial", "classifier.safetensors", "grey.png", "--to", "31", "--until", "1", "--most", "1", "--steps",
       "100000"},
      {"check", "classifier.safetensors", "--layer", "conv2", "--device", "cpu", "--steps", "100000"},
      {"gradients", "classifier.safetensors", "grey.png", "--layer", "conv2", "--unit", "3", "--size", "1536"}};
  const std::pair<int, int> signals[] = {{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}};
  for (size_t i = 0; i < commands.size(); ++i) {
    expect_to_stop(commands[i], SIGINT, 130);
    expect_to_stop(commands[i], signals[1 + i % 2].first, signals[1 + i % 2].second);
  }
}

// Signals come while a step computes, which takes about a second: it is stopped in the middle.
TEST_F(Interrupt, ARunStopsInsideAStep) {
  const pid_t child =
      start({"render", "--model", "classifier.safetensors", "--channel", "conv2:3", "--set", "/size=768", "--set",
             "/steps=1000", "--set", "/transforms=none", "--out", "r", "--device", "cpu", "--threads", "1"});
  let_it_begin(child, 1000ms);
  const Ended ended = stop(child, SIGTERM);
  EXPECT_EQ(ended.exit_code, 143) << ended.err;
  EXPECT_LT(ended.seconds, kSecond);
  EXPECT_NE(ended.err.find("the same command"), std::string::npos) << ended.err;
  for (const std::string& name : files()) EXPECT_FALSE(name.ends_with(".part")) << name;
}

// Nobody reads the pipe: opening it waits for ever.
TEST_F(Interrupt, WritingToAPipeThatNobodyReadsStops) {
  ASSERT_EQ(mkfifo((folder() / "pipe").c_str(), 0600), 0);
  for (const int signal : {SIGINT, SIGTERM})
    expect_to_stop({"convert", "small.safetensors", "-o", "pipe"}, signal, 128 + signal);
  expect_to_stop({"probe", "small.safetensors", "--input", "grey.png", "--save", "conv2", "-o", "pipe"}, SIGINT, 130);
}

// Half of the file is in the pipe, which is then full.
TEST_F(Interrupt, WritingToAPipeThatIsFullStops) {
  ASSERT_EQ(mkfifo((folder() / "pipe").c_str(), 0600), 0);
  const int reader = open((folder() / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  expect_to_stop({"probe", "classifier.safetensors", "--input", "grey.png", "--save", "conv2", "-o", "pipe"}, SIGTERM,
                 143);
  close(reader);
}

TEST_F(Interrupt, TheSecondSignalEndsAtOnce) {
  const pid_t child = start({"bench", "small.safetensors", "--steps", "100000", "--device", "cpu"});
  let_it_begin(child);
  kill(child, SIGSTOP);  // both signals wait
  kill(child, SIGTERM);
  kill(child, SIGINT);
  kill(child, SIGCONT);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_TRUE(WEXITSTATUS(status) == 130 || WEXITSTATUS(status) == 143) << WEXITSTATUS(status);
  EXPECT_EQ(contents_of(folder() / "err"), "") << "it stopped in order, as after one signal";
}

TEST_F(Interrupt, ASignalThatComesTwiceAtOnceIsOne) {
  const pid_t child = start({"bench", "small.safetensors", "--steps", "100000", "--device", "cpu"});
  let_it_begin(child);
  kill(child, SIGTERM);
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 143);
  EXPECT_NE(contents_of(folder() / "err").find("stopped"), std::string::npos);
}

TEST_F(Interrupt, NohupKeepsIt) {
  const Outcome outcome =
      run("bench small.safetensors --steps 30 --device cpu --json & sleep 0.3; kill -HUP $!; wait $!", "trap '' HUP;");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

// A stand-in for pip that never ends, and starts a child of its own that neither does.
TEST_F(Interrupt, FetchStopsItsChildren) {
  write(
      "python3",
      "#!/bin/sh\ncase \"$*\" in *--version*) exit 0 ;; esac\necho $TMPDIR > tmp; sleep 100 & echo $! > child; wait\n");
  fs::permissions(folder() / "python3", fs::perms::owner_all);
  for (const int signal : {SIGINT, SIGTERM}) {
    fs::remove(folder() / "child");
    const std::string path = folder().string() + ":" + std::getenv("PATH");
    const pid_t program = [&] {
      const std::string before = std::getenv("PATH");
      setenv("PATH", path.c_str(), 1);
      const pid_t child = start({"fetch", "squeezenet", "-o", "s.safetensors"});
      setenv("PATH", before.c_str(), 1);
      return child;
    }();
    for (int i = 0; i < 500 && contents_of(folder() / "child").empty(); ++i) std::this_thread::sleep_for(10ms);
    const Ended ended = stop(program, signal);
    EXPECT_EQ(ended.exit_code, 128 + signal) << ended.err;
    EXPECT_LT(ended.seconds, kSecond);
    const pid_t grandchild = std::stoi(contents_of(folder() / "child"));
    for (int i = 0; i < 100 && kill(grandchild, 0) == 0; ++i) {
      std::ifstream state(fmt::format("/proc/{}/stat", grandchild));
      std::string text;
      std::getline(state, text);
      if (text.find(") Z ") != std::string::npos) break;  // nobody waits for it
      std::this_thread::sleep_for(10ms);
      EXPECT_LT(i, 99) << "a child goes on";
    }
    std::string temporary = contents_of(folder() / "tmp");
    temporary.pop_back();
    EXPECT_NE(temporary.find("phosphene-fetch-"), std::string::npos);
    EXPECT_FALSE(fs::exists(temporary));
  }
}

}  // namespace
}  // namespace phosphene::interrupt_test
