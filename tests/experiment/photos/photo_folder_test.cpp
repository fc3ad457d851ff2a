#include "experiment/photos/photo_folder.h"

#include <filesystem>

#include "experiment/examples/unit_list.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::photo_folder_test {
namespace {

namespace fs = std::filesystem;

TEST(PhotoFolder, ListsPhotographsBelowInOrderWindowByWindow) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "b" / "deep");
  fs::create_directories(folder.path() / "folder.jpg");
  for (const char* name : {"b/deep/1.PNG", "b/2.jpeg", "a.jpg", "b.jpg", "c.JPG", "notes.txt", "jpg"})
    (void)folder.write(name, "");
  (void)folder.write("bad\xff.jpg", "");
  fs::create_symlink(folder.file("nowhere"), folder.path() / "link.png");
  const PhotoFolder photographs(folder.path().string() + "//");
  const std::vector<std::string> all = {"a.jpg", "b.jpg", "b/2.jpeg", "b/deep/1.PNG", "c.JPG", "link.png"};
  EXPECT_EQ(photographs.after("", 100), all);
  std::vector<std::string> found;
  for (std::string last;;) {
    const std::vector<std::string> names = photographs.after(last, 2);
    if (names.empty()) break;
    EXPECT_LE(names.size(), 2U);
    found.insert(found.end(), names.begin(), names.end());
    last = names.back();
  }
  EXPECT_EQ(found, all);
}

TEST(PhotoFolder, CountsWhatWasSeen) {
  const TemporaryFolder folder;
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d\xff.jpg"}) (void)folder.write(name, "");
  const PhotoFolder photographs(folder.path().string());
  const PhotoFolder::Count count = photographs.count("b.jpg");
  EXPECT_EQ(count.all, 3);
  EXPECT_EQ(count.up_to_last, 2);
  EXPECT_EQ(count.keys, name_key("a.jpg") + name_key("b.jpg"));
  EXPECT_EQ(count.passed_over, 1);
}

TEST(PhotoFolder, RefusesWhatIsNoFolder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(refuses([&] { PhotoFolder(folder.file("none")); }, {"none", "no such folder"}));
  EXPECT_TRUE(refuses([&] { PhotoFolder(folder.write("file", "")); }, {"file", "is not a folder"}));
}

std::vector<int64_t> units(const std::string& text) { return parse_units(text, "--units", "conv3", 6); }

TEST(UnitList, ReadsNumbersRangesAndAll) {
  EXPECT_EQ(units("3"), (std::vector<int64_t>{3}));
  EXPECT_EQ(units("5,0,3-4,3"), (std::vector<int64_t>{0, 3, 4, 5}));
  EXPECT_EQ(units("all"), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(UnitList, MistakesNameTheUnitAndTheChannels) {
  EXPECT_TRUE(refuses([] { units("0,6"); }, {"--units", "unit 6", "'conv3' has 6 channels"}));
  EXPECT_TRUE(refuses([] { units("2-60"); }, {"unit 60", "6 channels"}));
  EXPECT_TRUE(refuses([] { units("99999999999999999999"); }, {"unit 99999999999999999999", "6 channels"}));
  for (const char* wrong : {"", "x", "1,,2", "1,", "-1", "1-", "1--2", "0x1", " 1", "1.5", "All"})
    EXPECT_TRUE(refuses([&] { units(wrong); }, {"--units", "is not a unit", "6 channels"})) << wrong;
  EXPECT_TRUE(refuses([] { units("4-2"); }, {"4-2", "2-4"}));
}

}  // namespace
}  // namespace phosphene::testing::photo_folder_test
