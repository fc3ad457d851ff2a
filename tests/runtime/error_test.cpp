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
    EXPECT_EQ(error.places(), std::vector<std::string>{"a.json"});
    EXPECT_EQ(error.blame(), Blame::user);
  }
}

TEST(Error, ListsItsPlacesFromTheWidest) {
  try {
    at_place("a.json", [] { at_place("", [] { at_place("layer 'b'", [] { fail("", "has {} inputs", 3); }); }); });
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a.json: layer 'b': has 3 inputs");
    EXPECT_EQ(error.places(), (std::vector<std::string>{"a.json", "layer 'b'"}));
    EXPECT_EQ(error.within(), "layer 'b': has 3 inputs");
    EXPECT_EQ(error.blame(), Blame::user);
  }
}

TEST(Error, APlaceMayBeForErrorsWithoutOneOnly) {
  for (const char* known : {"", "a.json"}) {
    try {
      at_place_if_none("layer 'b'", [&] { fail_internal(known, "is broken"); });
      FAIL() << "no exception";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), *known == '\0' ? "layer 'b': is broken" : "a.json: is broken");
      EXPECT_EQ(error.blame(), Blame::phosphene);
    }
  }
}

TEST(Error, APlaceLetsResultsThrough) {
  int number = 3;
  EXPECT_EQ(at_place("a.json", [] { return 7; }), 7);
  int& same = at_place("a.json", [&]() -> int& { return number; });
  EXPECT_EQ(&same, &number);
}

TEST(Error, SuggestsTheNearestName) {
  const std::vector<std::string> known{"inception_4a/output", "inception_4b/output", "conv1"};
  EXPECT_EQ(suggestion("inception_4a/outptu", known), " (did you mean 'inception_4a/output'?)");
  EXPECT_EQ(suggestion("conv2", known), " (did you mean 'conv1'?)");
}

TEST(Error, SuggestsAShortNameOnlyForItsOtherCase) {
  EXPECT_EQ(suggestion("m", {"o"}), "");
  EXPECT_EQ(suggestion("fc", {"o", "ab", "fx"}), "");
  EXPECT_EQ(suggestion("FC", {"ab", "fc"}), " (did you mean 'fc'?)");
  EXPECT_EQ(suggestion("fc", {"fc6"}), " (did you mean 'fc6'?)");
  EXPECT_EQ(suggestion("ab", {"xyz"}), "") << "nothing of it is left";
  EXPECT_EQ(suggestion("CONV1", {"conv2", "conv1"}), " (did you mean 'conv1'?)");
}

TEST(Error, SuggestsNothingWhenNothingIsNear) {
  EXPECT_EQ(suggestion("zzz", {"conv1", "pool"}), "");
  EXPECT_EQ(suggestion("conv1", {}), "");
  EXPECT_EQ(suggestion("m", {"o", "ab"}), "") << "one letter is near to everything";
  EXPECT_EQ(suggestion("ab", {"o", "xy"}), "") << "nothing in common";
}

}  // namespace
}  // namespace phosphene
