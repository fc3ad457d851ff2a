#include "experiment/photos/photo_folder.h"

#include <sys/stat.h>
#include <unistd.h>

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
  const std::vector<std::string> all = {"a.jpg",       "b.jpg", "b/2.jpeg", "b/deep/1.PNG",
                                        "bad\xff.jpg", "c.JPG", "link.png"};
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
  EXPECT_EQ(count.all, 4);
  EXPECT_EQ(count.up_to_last, 2);
  EXPECT_EQ(count.keys, name_key("a.jpg") + name_key("b.jpg"));
}

std::vector<std::string> names_in(const std::string& path) { return PhotoFolder(path).after("", 100); }

TEST(PhotoFolder, DustIsLeftOutAndCounted) {
  const TemporaryFolder folder;
  for (const char* name : {"@eaDir/a.jpg", ".thumbnails", "__MACOSX", "sub/.Trash-1000", "#recycle"})
    fs::create_directories(folder.path() / name);
  for (const char* name : {"a.jpg", "._a.jpg", ".hidden.png", "Thumbs.db", "desktop.ini", ".DS_Store",
                           "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", ".thumbnails/a.jpg", "__MACOSX/._a.jpg",
                           "sub/.Trash-1000/b.jpg", "#recycle/c.jpg", "SYNOPHOTO_THUMB_S.jpg"})
    (void)folder.write(name, "");
  EXPECT_EQ(names_in(folder.path().string()), (std::vector<std::string>{"a.jpg"}));
  const PhotoFolder photographs(folder.path().string());
  EXPECT_EQ(photographs.left_out().hidden, 3);
  EXPECT_EQ(photographs.left_out().dust_folders,
            (std::set<std::string>{"#recycle", ".thumbnails", "@eaDir", "__MACOSX", "sub/.Trash-1000"}));
  EXPECT_EQ(photographs.left_out().in_words(),
            "3 hidden pictures; the folders #recycle, .thumbnails, @eaDir and 2 more");
  EXPECT_EQ(names_in(folder.file(".thumbnails")), (std::vector<std::string>{"a.jpg"})) << "asked for by name";
}

TEST(PhotoFolder, EachFileCountsOnceWhateverLeadsToIt) {
  const TemporaryFolder folder, elsewhere;
  fs::create_directories(folder.path() / "sub" / "deep");
  fs::create_directories(elsewhere.path() / "more");
  for (const char* name : {"b.jpg", "sub/c.jpg", "sub/deep/d.jpg"}) (void)folder.write(name, "");
  for (const char* name : {"x.jpg", "more/y.jpg"}) (void)elsewhere.write(name, "");
  fs::create_symlink(folder.path(), folder.path() / "loop");
  fs::create_symlink("..", folder.path() / "sub" / "up");
  fs::create_symlink("loop2", folder.path() / "loop2");
  fs::create_symlink("sub/deep", folder.path() / "a_link_to_deep");  // which counts where it is
  fs::create_symlink(elsewhere.path() / "more", folder.path() / "m");
  fs::create_symlink(elsewhere.path(), folder.path() / "outside");
  fs::create_symlink("sub/c.jpg", folder.path() / "a.jpg");  // sorts before it, and is a link
  fs::create_symlink(elsewhere.file("x.jpg"), folder.path() / "z1.jpg");
  fs::create_hard_link(folder.file("b.jpg"), folder.path() / "sub" / "b2.jpg");
  const std::vector<std::string> all = {"b.jpg", "m/y.jpg", "outside/x.jpg", "sub/c.jpg", "sub/deep/d.jpg"};
  EXPECT_EQ(names_in(folder.path().string()), all);
  const PhotoFolder photographs(folder.path().string());
  EXPECT_EQ(photographs.count("").all, 5);
  EXPECT_TRUE(photographs.covers(folder.file("sub/new/out")));
  EXPECT_TRUE(photographs.covers(elsewhere.file("out"))) << "crops there would count in the next search";
  EXPECT_FALSE(photographs.covers(folder.path().parent_path().string()));
  EXPECT_EQ(photographs.left_out().same_files, 3) << "a.jpg, z1.jpg, sub/b2.jpg";
  EXPECT_EQ(photographs.left_out().same_folders, 3) << "a_link_to_deep, loop, sub/up";
}

TEST(PhotoFolder, WithoutAnEndingTheContentsDecide) {
  const TemporaryFolder folder;
  (void)folder.write("picture", "\xff\xd8\xff\xe0 and more");
  (void)folder.write("text", "no picture");
  (void)folder.write("a.txt", "\xff\xd8\xff\xe0");
  ASSERT_EQ(mkfifo(folder.file("pipe.jpg").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  (void)folder.write("phone.HEIC", "");
  EXPECT_EQ(names_in(folder.path().string()), (std::vector<std::string>{"phone.HEIC", "picture"}));
  EXPECT_EQ(PhotoFolder(folder.path().string()).left_out().other_files, 4);
}

TEST(PhotoFolder, FoldersThatCannotBeReadAreNamed) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "locked");
  (void)folder.write("a.jpg", "");
  fs::permissions(folder.path() / "locked", fs::perms::none);
  const PhotoFolder photographs(folder.path().string());
  EXPECT_EQ(photographs.after("", 9), (std::vector<std::string>{"a.jpg"}));
  ASSERT_EQ(photographs.left_out().unreadable.size(), 1U);
  EXPECT_EQ(photographs.left_out().unreadable[0].first, "locked");
  EXPECT_NE(photographs.left_out().in_words().find("cannot be read (locked: Permission denied)"), std::string::npos);
  fs::permissions(folder.path() / "locked", fs::perms::owner_all);
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
