#include "tests/support/temporary_folder.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace phosphene::testing {
namespace {

void write_file(const std::string& path, const std::string& contents) {
  std::ofstream file(path, std::ios::binary);
  file << contents;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

// True when it threw Error, false when it read the file.
bool refused(const std::function<void()>& read) {
  try {
    read();
    return false;
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::user) << error.what();
    return true;
  }
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "phosphene_loaders_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& contents) const {
  write_file(file(name), contents);
  return file(name);
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

::testing::AssertionResult refuses(const std::function<void()>& action, const std::vector<std::string>& words) {
  try {
    action();
  } catch (const Error& error) {
    const std::string what = error.what();
    if (error.blame() != Blame::user) return ::testing::AssertionFailure() << "blames phosphene: " << what;
    if (what.find('\n') != std::string::npos) return ::testing::AssertionFailure() << "more than one line: " << what;
    for (const std::string& word : words) {
      if (what.find(word) == std::string::npos)
        return ::testing::AssertionFailure() << "'" << word << "' is not in: " << what;
    }
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "nothing was thrown";
}

void read_damaged(const std::string& contents, const std::string& path, int places, const std::function<void()>& read) {
  write_file(path, contents);
  ASSERT_FALSE(refused(read)) << "the whole file is refused";
  const size_t step = std::max<size_t>(1, contents.size() / static_cast<size_t>(places));
  int refusals = 0;
  for (size_t at = 0; at < contents.size(); at += step) {
    write_file(path, contents.substr(0, at));
    refusals += refused(read) ? 1 : 0;
    for (const int mask : {0x01, 0x80, 0xFF}) {
      std::string damaged = contents;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      write_file(path, damaged);
      refusals += refused(read) ? 1 : 0;
    }
  }
  EXPECT_GT(refusals, 0);
}

}  // namespace phosphene::testing
