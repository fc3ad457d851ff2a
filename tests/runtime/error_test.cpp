#include "runtime/error.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

TEST(Error, SaysWhereAndWhat) {
  try {
    fail("a.json", "key {} is unknown", 7);
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a.json: key 7 is unknown");
    EXPECT_EQ(error.where(), "a.json");
    EXPECT_EQ(error.blame(), Blame::user);
  }
}

TEST(Error, SuggestsTheNearestName) {
  const std::vector<std::string> known{"inception_4a/output", "inception_4b/output", "conv1"};
  EXPECT_EQ(suggestion("inception_4a/outptu", known), " (did you mean 'inception_4a/output'?)");
  EXPECT_EQ(suggestion("conv2", known), " (did you mean 'conv1'?)");
}

TEST(Error, SuggestsNothingWhenNothingIsNear) {
  EXPECT_EQ(suggestion("zzz", {"conv1", "pool"}), "");
  EXPECT_EQ(suggestion("conv1", {}), "");
}

}  // namespace
}  // namespace phosphene
