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

TEST(PrintableLines, StayLines) {
  EXPECT_EQ(printable_lines("a\x1b[m\n\nb\r\n"), "a\\x1b[m\n\nb\\r\n");
  EXPECT_EQ(printable_lines("a\tb"), "a\tb");
  EXPECT_EQ(printable_lines(std::string(200, 'x')), std::string(200, 'x'));
}

TEST(Shortened, ShowsBothEndsAndTheLength) {
  EXPECT_EQ(shortened("naïve"), "naïve");
  EXPECT_EQ(shortened(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(shortened(std::string(50, 'x') + std::string(50, 'y')),
            std::string(40, 'x') + "..." + std::string(20, 'y') + " (100 characters)");
  std::string cats;
  for (int i = 0; i < 90; ++i) cats += "猫";
  EXPECT_EQ(printable(shortened(cats)), shortened(cats)) << "a character was cut";
}

// What stands in quotes, or between spaces.
TEST(MessageLine, ShortensEachValue) {
  const std::string plain = "layer 'conv1': it isn't a \"map\", as a.b/c is ('x')";
  EXPECT_EQ(message_line(plain), plain);
  const std::string x(100, 'x');
  const std::string cut = std::string(40, 'x') + "..." + std::string(20, 'x');
  EXPECT_EQ(message_line("got '" + x + "' (did you mean 'y'?)"),
            "got '" + cut + "' (100 characters) (did you mean 'y'?)");
  EXPECT_EQ(message_line("got " + x + ", expected"), "got " + cut.substr(0, 62) + ", (101 characters) expected");
  EXPECT_EQ(message_line("got \"a b " + x + "\""),
            "got \"a b " + std::string(36, 'x') + "..." + std::string(20, 'x') + "\" (104 characters)");
  const std::string path = "/" + std::string(100, 'p') + "/x";
  EXPECT_EQ(message_line(path + ": no such file"), path + ": no such file") << "a path is longer than a value";
}

TEST(MessageLine, IsOneLineOfLimitedLength) {
  std::string words;
  for (int i = 0; i < 3000; ++i) words += "w\n ";
  const std::string line = message_line(words + "the end");
  EXPECT_LE(line.size(), kWholeMessage);
  EXPECT_TRUE(line.ends_with("the end")) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(Printable, AnErrorIsOneLineOfLimitedLength) {
  const Error error(Blame::user, "a\nb.json", "holds '\x1b[2J" + std::string(10000, 'x') + "'");
  const std::string what = error.what();
  EXPECT_TRUE(what.starts_with(R"(a\nb.json: holds '\x1b[2Jxxx)")) << what;
  EXPECT_TRUE(what.ends_with("xxx' (10007 characters)")) << what;
  EXPECT_LE(what.size(), kWholeMessage);
  EXPECT_EQ(error.places().front(), "a\nb.json") << "who asks for the place gets it as it is";
  const Error deep(Blame::user, std::string(5000, '/'), "is no folder; expected " + std::string(5000, 'y'));
  EXPECT_LE(std::string(deep.what()).size(), kWholeMessage);
  EXPECT_NE(std::string(deep.what()).find("is no folder; expected yyy"), std::string::npos) << deep.what();
}

}  // namespace
}  // namespace phosphene::printable_test
