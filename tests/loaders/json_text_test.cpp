// JSON's way out and in: numbers as people write them, names that are no UTF-8.
#include "loaders/json_text.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include <nlohmann/json.hpp>
#include <set>

#include "loaders/json_reader.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::json_text_test {
namespace {

TEST(JsonText, KeepsEveryByteOfAName) {
  const std::vector<std::string> names = {
      "plain.jpg",    "caf\u00e9.jpg", "caf\xe9.jpg", "\xff\xfe", std::string("a\xef\xbf\xbd") + "E9",
      "\xef\xbf\xbd", "\xc3",          "猫\x80猫",    "50%25",    "\\xe9"};
  std::set<std::string> written;
  for (const std::string& name : names) {
    const std::string text = as_utf8(name);
    EXPECT_EQ(as_bytes(text), name) << text;
    EXPECT_EQ(as_utf8(text) == text, text.find("\xef\xbf\xbd") == std::string::npos) << text;
    EXPECT_TRUE(written.insert(text).second) << "two names are written alike: " << text;
    EXPECT_NO_THROW((void)nlohmann::json(text).dump()) << "it is no UTF-8";
  }
  EXPECT_EQ(as_utf8("caf\xe9.jpg"), "caf\ufffdE9.jpg");
  EXPECT_EQ(as_utf8("caf\u00e9.jpg"), "caf\u00e9.jpg") << "text stays";
}

TEST(JsonText, IsReadAgainAsItWas) {
  Json json = {{"caf\xe9", {"\xff", 1, {{"k", "\ufffdE9"}}}}, {"plain", "a\u009b\u202e\x7f\x1b"}};
  const TemporaryFolder folder;
  const std::string text = json_text(json, 2);
  for (const char c : text)
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c != '\x7f') || c < 0) << "a control character: " << text;
  EXPECT_EQ(text.find("\u009b"), std::string::npos) << "a control sequence";
  EXPECT_NE(text.find(R"("a\u009b\u202e\u007f\u001b")"), std::string::npos) << text;
  EXPECT_EQ(read_json(folder.write("x.json", text)), json);
}

TEST(JsonText, EveryWriterOfJsonUsesIt) { EXPECT_EQ(json_text("\xe9"), "\"\ufffdE9\""); }

TEST(JsonNumbers, WholeOnesMayBeWrittenWithAPointOrAPower) {
  const auto read = [](const std::string& text) {
    const TemporaryFolder folder;
    return read_json(folder.write("x.json", text));
  };
  for (const auto& [text, number] :
       std::vector<std::pair<const char*, int64_t>>{{"2.0", 2},
                                                    {"1e3", 1000},
                                                    {"1E+3", 1000},
                                                    {"-4.00", -4},
                                                    {"12.50e1", 125},
                                                    {"1500e-2", 15},
                                                    {"0.0", 0},
                                                    {"-0.0", 0},
                                                    {"0e9", 0},
                                                    {"9007199254740992.0", int64_t{1} << 53},
                                                    {"0.001e3", 1}}) {
    const Json json = read(text);
    EXPECT_TRUE(json.is_number_integer()) << text;
    EXPECT_EQ(json, number) << text;
    EXPECT_EQ(json.dump(), std::to_string(number)) << "written as people write it";
  }
  for (const char* text :
       {"2.5", "1e-3", "9007199254740993.0", "9007199254740991.4", "1e16", "1e300", "2.0000000000000000001"})
    EXPECT_TRUE(read(text).is_number_float()) << text;
}

TEST(JsonNumbers, BeyondADoubleAreRefusedWithTheirPlace) {
  const TemporaryFolder folder;
  for (const char* number : {"1e400", "-1e400"}) {
    const std::string text = std::string("{\n  \"text 1e400\": \"1e400\",\n  \"x\": ") + number + "\n}\n";
    EXPECT_TRUE(refuses([&] { (void)read_json(folder.write("x.json", text)); },
                        {"x.json", "line 3, column 8", number, "larger than a double"}));
  }
  for (const char* other : {"NaN", "Infinity", "-Infinity", "nan", "0x10", "01", "1.", ".5", "+1"})
    EXPECT_TRUE(refuses([&] { (void)read_json(folder.write("x.json", std::string("[1,\n ") + other + "]")); },
                        {"x.json", "line 2, column", "not valid JSON"}))
        << other;
}

TEST(JsonNumbers, AWholeNumberIsOneForTheReaderToo) {
  const Json two = 2.0, half = 2.5, large = 9007199254740993.0;
  EXPECT_EQ(JsonReader(two, "x").integer(0, 9), 2);
  EXPECT_TRUE(refuses([&] { (void)JsonReader(half, "x").integer(0, 9); }, {"from 0 to 9", "got 2.5"}));
  EXPECT_TRUE(refuses([&] { (void)JsonReader(large, "x").integer(0, int64_t{1} << 60); }, {"whole number"}));
  const Json text = "0,05";
  EXPECT_TRUE(refuses([&] { (void)JsonReader(text, "x").number(0, 1); }, {"expected a number, got \"0,05\""}));
}

TEST(JsonParser, RefusesDepthAndRepeatedKeys) {
  const TemporaryFolder folder;
  EXPECT_TRUE(refuses([&] { (void)read_json(folder.write("x.json", std::string(100000, '['))); }, {"nested too deep"}));
  EXPECT_TRUE(refuses([&] { (void)read_json(folder.write("x.json", R"({"a": {"b": 1, "c": 2, "b": 3}})")); },
                      {"'b' is given twice"}));
}

TEST(NamedFile, IsInNormalFormAndMayBeginAtHome) {
  const TemporaryFolder folder;
  const char* before = std::getenv("HOME");
  const std::string home = before == nullptr ? "" : before;
  setenv("HOME", folder.path().c_str(), 1);
  EXPECT_EQ(path_from("/a/b", "./c/../d.jpg"), "/a/b/d.jpg");
  EXPECT_EQ(path_from("/a/b", "/x.jpg"), "/x.jpg");
  EXPECT_EQ(path_from("", "x.jpg"), "x.jpg");
  EXPECT_EQ(path_from("/a", "~/x.jpg"), folder.file("x.jpg"));
  EXPECT_EQ(path_from("/a", "~"), folder.path().string());
  EXPECT_EQ(path_from("/a", "~someone/x.jpg"), "/a/~someone/x.jpg") << "not another's home";
  EXPECT_EQ(path_from("/a", "./~/x.jpg"), "/a/~/x.jpg");
  EXPECT_TRUE(is_rooted("~/x") && is_rooted("/x") && !is_rooted("x") && !is_rooted("~x"));
  // Behind a link to a folder, ".." is the folder above its target.
  (void)folder.write("x", "the other one");
  std::filesystem::create_directories(folder.path() / "far/away");
  (void)folder.write("far/x", "meant");
  std::filesystem::create_directory_symlink(folder.path() / "far/away", folder.path() / "link");
  EXPECT_EQ(contents_of(path_from(folder.path().string(), "link/../x")), "meant");
  setenv("HOME", home.c_str(), 1);
}

}  // namespace
}  // namespace phosphene::testing::json_text_test
