// A folder that vanishes with the test, and what tests of file formats need beside it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "runtime/error.h"

namespace phosphene::testing {

class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  // Writes a file and returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& contents) const;

 private:
  std::filesystem::path path_;
};

std::string contents_of(const std::string& path);

// That `action` throws an Error of the user's, in one line that holds every one of `words`.
::testing::AssertionResult refuses(const std::function<void()>& action, const std::vector<std::string>& words);

// Damages a file in every way a byte can be: cuts it, and flips bits, at about `places` places each. `read` must throw
// Error or succeed each time; anything else ends the test program.
void read_damaged(const std::string& contents, const std::string& path, int places, const std::function<void()>& read);

}  // namespace phosphene::testing
