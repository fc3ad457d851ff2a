#include "loaders/text_file.h"

#include <nlohmann/json.hpp>

#include "loaders/json_reader.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::text_file_test {
namespace {

constexpr size_t kEnough = 1 << 20;

std::string wide(const std::string& text, int before, int after) {
  std::string bytes;
  for (const char c : text)
    bytes += std::string(static_cast<size_t>(before), '\0') + c + std::string(static_cast<size_t>(after), '\0');
  return bytes;
}

class TextFile : public ::testing::Test {
 protected:
  std::string read(const std::string& bytes, OtherEncodings others = OtherEncodings::refused) {
    return read_text(folder_.write("file.txt", bytes), kEnough, others);
  }
  ::testing::AssertionResult refused(const std::string& bytes, std::vector<std::string> words) {
    words.emplace_back("file.txt: ");
    return refuses([&] { read(bytes); }, words);
  }
  TemporaryFolder folder_;
};

TEST_F(TextFile, DropsTheMarkAndCarriageReturns) {
  EXPECT_EQ(read("a\nb"), "a\nb");
  EXPECT_EQ(read("\xEF\xBB\xBFtench\r\ngoldfish\r\n"), "tench\ngoldfish\n");
  EXPECT_EQ(read("a\rb\r\r\n"), "a\rb\r\n") << "a carriage return of its own is no end of a line";
  EXPECT_EQ(read("naïve 猫\n"), "naïve 猫\n");
}

TEST_F(TextFile, NamesUtf16And32) {
  const std::string text = "name: \"net\"\nlayer { }\n";
  for (const std::string& bytes :
       {"\xFF\xFE" + wide(text, 0, 1), "\xFE\xFF" + wide(text, 1, 0), wide(text, 0, 1), wide(text, 1, 0)})
    EXPECT_TRUE(refused(bytes, {"is UTF-16: save it as UTF-8"}));
  for (const std::string& bytes :
       {std::string("\xFF\xFE\0\0", 4) + wide(text, 0, 3), wide(text, 3, 0), wide(text, 0, 3)})
    EXPECT_TRUE(refused(bytes, {"is UTF-32: save it as UTF-8"}));
}

TEST_F(TextFile, RefusesWhatIsNoText) {
  EXPECT_TRUE(refused(std::string("a\0b\n", 4), {"binary file"}));
  EXPECT_TRUE(refused("a\nb\x1b[31m\n", {"line 2", "control character \\x1b"}));
  EXPECT_TRUE(refused("a\nb\ncaf\xE9\n", {"line 3 is not UTF-8 (the byte \\xe9)"}));
  EXPECT_EQ(read("# caf\xE9\n", OtherEncodings::allowed), "# caf\xE9\n");
  EXPECT_TRUE(refused("", {"empty"}));
}

TEST_F(TextFile, RefusesWhatCannotBeRead) {
  EXPECT_TRUE(refuses([&] { read_text(folder_.file("none.txt"), kEnough); }, {"none.txt", "no such file"}));
  EXPECT_TRUE(refuses([&] { read_text(folder_.path().string(), kEnough); }, {"is a folder"}));
  EXPECT_TRUE(
      refuses([&] { read_text(folder_.write("long.txt", "12345"), 4); }, {"long.txt", "too large", "at most 4"}));
  EXPECT_EQ(read_text(folder_.write("long.txt", "1234"), 4), "1234");
}

TEST_F(TextFile, IsHowJsonIsRead) {
  EXPECT_TRUE(
      refuses([&] { read_json(folder_.write("a.json", "\xFF\xFE" + wide("{}", 0, 1))); }, {"a.json", "UTF-16"}));
  const Json read = read_json(folder_.write("b.json", "\xEF\xBB\xBF[1]\r\n"));
  EXPECT_EQ(read.size(), 1U);
}

}  // namespace
}  // namespace phosphene::testing::text_file_test
