#include "runtime/cuda/library_parts.h"

#include <gtest/gtest.h>

#include <set>

namespace phosphene::library_parts_test {
namespace {

const std::vector<std::string> kNames = {"libgraph.so.9", "libops.so.9"};

// A loader that knows these paths alone.
OpenLibrary knows(const std::set<std::string>& paths) {
  return [paths](const std::string& path) { return paths.contains(path) ? "" : path + ": no such file"; };
}

TEST(LibraryParts, LieBesideOrWhereTheLoaderLooks) {
  EXPECT_EQ(open_parts("/nv", kNames, knows({"/nv/libgraph.so.9", "/nv/libops.so.9"})), "");
  EXPECT_EQ(open_parts("/nv", kNames, knows({"/nv/libgraph.so.9", "libops.so.9"})), "");
  EXPECT_EQ(open_parts("/nv", {}, knows({})), "");
}

TEST(LibraryParts, AMissingOneIsNamedWithTheReason) {
  EXPECT_EQ(open_parts("/nv", kNames, knows({"/nv/libgraph.so.9", "/elsewhere/libops.so.9"})),
            "libops.so.9 cannot be opened: /nv/libops.so.9: no such file");
}

TEST(LibraryParts, TheRealLoaderSaysWhy) {
  const std::vector<std::string> none = {"libno_such_part.so.9"};
  EXPECT_NE(open_parts("/nowhere", none).find("libno_such_part.so.9 cannot be opened: /nowhere/"), std::string::npos);
  const std::vector<std::string> there = {"libc.so.6"};
  EXPECT_EQ(open_parts("/nowhere", there), "");
}

TEST(LibraryParts, AFunctionsLibraryHasAFolder) {
  EXPECT_FALSE(folder_of_library(reinterpret_cast<const void*>(&std::malloc)).empty());
}

}  // namespace
}  // namespace phosphene::library_parts_test
