// Where -o leads: an ordinary file is replaced, and nothing else is. Every node here is made in the test's own folder.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/cli/program_under_test.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

class Output : public ProgramTest {
 protected:
  Output() {
    write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
    for (const char* command : commands()) {
      const Outcome outcome = run(command + std::string(" plain"));
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      expected_.push_back(contents_of("plain"));
      fs::remove(folder() / "plain");
    }
  }

  static std::vector<const char*> commands() {
    return {"convert small.safetensors -o", "probe small.safetensors --device cpu --input grey.png --save conv2 -o"};
  }
  [[nodiscard]] std::string contents_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder() / name, std::ios::binary).rdbuf();
    return text.str();
  }
  // What the command at `which` wrote to an ordinary file.
  [[nodiscard]] const std::string& expected(size_t which) const { return expected_[which]; }

 private:
  std::vector<std::string> expected_;
};

TEST_F(Output, ALinkStaysAndItsTargetIsWritten) {
  for (size_t which = 0; which < commands().size(); ++which) {
    write("target", "old");
    fs::remove(folder() / "link");
    fs::create_symlink("target", folder() / "link");
    const Outcome outcome = run(commands()[which] + std::string(" link"));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(fs::is_symlink(folder() / "link"));
    EXPECT_EQ(contents_of("target"), expected(which));
  }
}

TEST_F(Output, APipeStaysAndIsStreamedInto) {
  ASSERT_EQ(mkfifo((folder() / "pipe").c_str(), 0600), 0);
  for (size_t which = 0; which < commands().size(); ++which) {
    const Outcome outcome = run(commands()[which] + std::string(" pipe; wait"), "cat pipe > read &");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(fs::is_fifo(folder() / "pipe"));
    EXPECT_EQ(contents_of("read"), expected(which));
  }
}

TEST_F(Output, StandardOutputHoldsTheFileAlone) {
  for (size_t which = 0; which < commands().size(); ++which) {
    const Outcome outcome = run(commands()[which] + std::string(" /dev/stdout"));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, expected(which));
    EXPECT_FALSE(outcome.err.empty()) << "the summary";
    const Outcome piped = run(commands()[which] + std::string(" /dev/stdout | cat"));
    EXPECT_EQ(piped.out, expected(which));
  }
}

// Of its own: 1:3 takes everything, 1:7 is always full.
TEST_F(Output, ADeviceStaysOne) {
  const fs::path null = folder() / "null", full = folder() / "full";
  if (mknod(null.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0 ||
      mknod(full.c_str(), S_IFCHR | 0666, makedev(1, 7)) != 0)
    GTEST_SKIP() << "a device node cannot be made here: " << std::strerror(errno);
  if (!std::ofstream(null)) GTEST_SKIP() << "a device node cannot be opened here";
  for (const char* command : commands()) {
    const Outcome outcome = run(command + std::string(" null"));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    expect_one_clear_line(run(command + std::string(" full")), {"full: cannot be written", "No space left"});
    EXPECT_TRUE(fs::is_character_file(null));
    EXPECT_TRUE(fs::is_character_file(full));
  }
}

TEST_F(Output, AFolderAndAnEmptyNameAreRefused) {
  fs::create_directory(folder() / "taken");
  for (const char* command : commands()) {
    expect_one_clear_line(run(command + std::string(" taken")), {"taken: cannot be written: it is a folder"});
    expect_one_clear_line(run(command + std::string(" ''")), {"a file without a name cannot be written"});
    EXPECT_TRUE(fs::is_empty(folder() / "taken"));
  }
}

}  // namespace
}  // namespace phosphene
