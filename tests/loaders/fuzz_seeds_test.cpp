// Files that once broke a reader, and damaged ones of the assets: each is loaded or refused in one line.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/load_bytes.h"
#include "tests/support/golden.h"

namespace phosphene::testing::fuzz_seeds_test {
namespace {

namespace fs = std::filesystem;

// Loads what lies in a folder; how many files that were.
int load_all(const fs::path& folder) {
  int loaded = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    static_cast<void>(load_bytes(std::as_bytes(std::span(bytes)), entry.path().extension().string()));
    ++loaded;
  }
  return loaded;
}

TEST(FuzzSeeds, AreLoadedOrRefused) { EXPECT_GT(load_all("tests/fuzz/seeds"), 0); }

TEST(FuzzSeeds, DamagedFilesAreRefused) {
  PHOSPHENE_ASSET(folder, "models/bad");
  EXPECT_GT(load_all(folder), 0);
}

}  // namespace
}  // namespace phosphene::testing::fuzz_seeds_test
