#include "runtime/printable.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace phosphene::printable_test {
namespace {

TEST(Printable, LeavesTextAlone) {
  for (const char* text : {"", "conv1/7x7_s2", "naïve café", "猫", "\xF0\x9F\x90\x88 cat", "C:\\nets\\new"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(printable("con\x1b[31mv2\a"), R"(con\x1b[31mv2\x07)");
  EXPECT_EQ(printable("a\nb\r\tc\x7f"), R"(a\nb\r\tc\x7f)");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), R"(a\x00b)");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            R"(\u009b31m)")
      << "a control sequence in one character";
  EXPECT_EQ(printable("abc\xE2\x80\xAE"
                      "gpj.exe"),
            R"(abc\u202egpj.exe)")
      << "right to left";
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("caf\xE9 x"), R"(caf\xe9 x)");
  EXPECT_EQ(printable("\xC0\xAF"), R"(\xc0\xaf)") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), R"(\xed\xa0\x80)") << "a surrogate";
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), R"(\xf4\x90\x80\x80)") << "beyond U+10FFFF";
  EXPECT_EQ(printable("\xE7\x8C"), R"(\xe7\x8c)") << "cut short";
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdef", 5), "abcde...");
  EXPECT_EQ(printable("猫猫猫", 2), "猫猫...");
  EXPECT_EQ(printable(std::string(200, 'x')), std::string(80, 'x') + "...");
}

TEST(Printable, AnErrorIsOneLineOfLimitedLength) {
  const Error error(Blame::user, "a\nb.json", "holds '\x1b[2J" + std::string(10000, 'x') + "'");
  const std::string what = error.what();
  EXPECT_TRUE(what.starts_with(R"(a\nb.json: holds '\x1b[2Jxxx)")) << what;
  EXPECT_TRUE(what.ends_with("xxx...")) << what;
  EXPECT_LT(what.size(), 3000U);
  EXPECT_EQ(error.places().front(), "a\nb.json") << "who asks for the place gets it as it is";
}

}  // namespace
}  // namespace phosphene::printable_test
