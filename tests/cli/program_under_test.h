// Runs the built program as a user would, in a folder of its own that holds a small network.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace phosphene {

// A PNG of one grey pixel.
inline constexpr char kGreyPixel[] =
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55"
    "\0\0\0\nIDAT\x78\x9c\x63\x68\0\0\0\x82\0\x81\x77\xcd\x72\xb6\0\0\0\0IEND\xae\x42\x60\x82";

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest();
  ~ProgramTest() override;

  // Runs `phosphene ARGUMENTS` by a shell in folder(); `before` stands in front ("ulimit -f 1;", "timeout 1").
  [[nodiscard]] Outcome run(const std::string& arguments, const std::string& before = "") const;

  // Writes a file into folder().
  void write(const std::string& name, const std::string& contents) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

// A classifier of 32 classes without labels, of 96 x 96 pixels; a pass takes some milliseconds.
void save_classifier(const std::string& path);

// The bytes of a file.
std::string contents_of(const std::filesystem::path& path);

// The contract of every mistake: exit code 2, nothing but one line on stderr, and in it all of `words`.
void expect_one_clear_line(const Outcome& outcome, const std::vector<std::string>& words);

}  // namespace phosphene
