// What a terminal shows while a command works, and what is left on it.
#include "tests/cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/cli/program_under_test.h"

namespace phosphene::terminal_test {
namespace {

constexpr const char* kUtf8 = "TERM=xterm LANG=C.UTF-8 LC_ALL= NO_COLOR=";

class Terminal : public ProgramTest {
 protected:
  // Two images with long names, of enough steps to be seen.
  static std::string long_run(int steps) {
    return fmt::format(
        "render --model small.safetensors --channel conv2:3 --channel conv2:5 --set /steps={} --set /batch=1 --set "
        "/size=48 --out r --device cpu --threads 1",
        steps);
  }
  [[nodiscard]] TerminalOutcome in_terminal(const std::string& arguments, size_t columns,
                                            const std::string& environment = kUtf8,
                                            const std::string& keys = "") const {
    return run_in_terminal(
        fmt::format("cd '{}' && env {} '{}' {}", folder().string(), environment, PHOSPHENE_PROGRAM, arguments), columns,
        keys, 0.7);
  }
};

TEST_F(Terminal, TheStatusLineFitsEveryWidthAndIsGoneAtTheEnd) {
  for (const size_t columns : {20U, 40U, 80U}) {
    std::filesystem::remove_all(folder() / "r");
    const TerminalOutcome outcome = in_terminal(long_run(500), columns);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.bytes;
    EXPECT_NE(outcome.bytes.find("/2 ima"), std::string::npos) << "no status was seen: " << outcome.bytes;
    EXPECT_EQ(outcome.screen.wraps(), 0) << columns;
    EXPECT_EQ(outcome.screen.rows(), std::vector<std::string>{"r/report.html"}) << columns;
    EXPECT_EQ(outcome.screen.strange(), "");
    // The time that is left is what people look for: the name is shortened before it.
    if (columns == 20) continue;
    EXPECT_NE(outcome.bytes.find(" s left"), std::string::npos) << outcome.bytes;
    EXPECT_NE(outcome.bytes.find(columns == 40 ? "…  " : "step "), std::string::npos) << outcome.bytes;
  }
}

TEST_F(Terminal, WithoutUtf8TheEllipsisIsDots) {
  const TerminalOutcome outcome = in_terminal(long_run(500), 40, "TERM=xterm LANG=C LC_ALL= NO_COLOR=");
  EXPECT_NE(outcome.bytes.find("...  "), std::string::npos) << outcome.bytes;
  EXPECT_EQ(outcome.screen.wraps(), 0);
  EXPECT_EQ(outcome.bytes.find("…"), std::string::npos);
}

TEST_F(Terminal, ThereIsNoStatusLineWhereNoneIsWanted) {
  for (const char* environment : {"TERM=dumb", "-u TERM", "TERM=", "TERM=xterm NO_COLOR=1"}) {
    std::filesystem::remove_all(folder() / "r");
    const TerminalOutcome outcome = in_terminal(long_run(100), 40, environment);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.bytes;
    EXPECT_EQ(outcome.bytes, "r/report.html\r\n") << environment;
  }
}

TEST_F(Terminal, CtrlCGivesTheLineBack) {
  for (const std::string& command :
       {std::string("bench small.safetensors --device cpu --threads 1 --steps 100000"), long_run(1000000)}) {
    const TerminalOutcome outcome = in_terminal(command, 40, kUtf8, "\x03");
    EXPECT_EQ(outcome.exit_code, 130) << outcome.bytes;
    ASSERT_FALSE(outcome.screen.rows().empty());
    EXPECT_NE(outcome.bytes.find("left\r\x1b[K"), std::string::npos) << outcome.bytes;
    for (const std::string& row : outcome.screen.rows())
      EXPECT_EQ(row.find(" left"), std::string::npos) << "of the status: " << row;
  }
}

// Of names that are twice as wide as they have characters.
TEST_F(Terminal, WideCharactersAreCountedAsTwo) {
  std::filesystem::create_directory(folder() / "photos");
  for (int i = 0; i < 2000; ++i)
    write(fmt::format("photos/{}{:04}.png", std::string("猫猫猫猫猫猫猫猫猫猫猫猫"), i),
          std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  const TerminalOutcome outcome =
      in_terminal("examples small.safetensors photos --layer conv2 --units 2 --scales 1 --out e --device cpu", 60);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.bytes;
  EXPECT_NE(outcome.bytes.find("…"), std::string::npos) << outcome.bytes;
  const auto rows = outcome.screen.rows();
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.back(), "e/examples.html");
  for (const std::string& row : rows) EXPECT_EQ(row.find("/2000 photographs"), std::string::npos) << row;
  const size_t statuses = outcome.bytes.find("photographs in");  // what comes after may wrap
  Screen before(60);
  before.write(outcome.bytes.substr(0, statuses));
  EXPECT_EQ(before.wraps(), 0);
}

// What is skipped is told above the line, which goes on below.
TEST_F(Terminal, NotesStandAboveTheStatusLine) {
  std::filesystem::create_directory(folder() / "photos");
  for (int i = 0; i < 1500; ++i)
    write(fmt::format("photos/{:04}.png", i), i == 1200 ? "broken" : std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  const TerminalOutcome outcome =
      in_terminal("examples small.safetensors photos --layer conv2 --units 2 --scales 1 --out e --device cpu", 120);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.bytes;
  const auto rows = outcome.screen.rows();
  ASSERT_GE(rows.size(), 3U) << outcome.bytes;
  EXPECT_TRUE(rows.front().starts_with("skipped 1200.png: ")) << rows.front();
  EXPECT_NE(outcome.bytes.find("/1500 photographs"), std::string::npos) << outcome.bytes;
}

}  // namespace
}  // namespace phosphene::terminal_test
