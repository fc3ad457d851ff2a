#include "experiment/pages/thumbnails.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "experiment/photos/photo_file.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::thumbnails_test {
namespace {

struct Colour {
  int red, green, blue;
};

// Of picture i.
Colour colour_of(int i) { return {40 + i * 53 % 180, 40 + i * 31 % 180, 40 + i * 97 % 180}; }

PictureToShrink draw(const TemporaryFolder& folder, int i, int64_t height, int64_t width) {
  const Colour colour = colour_of(i);
  std::vector<float> planar;
  for (const int value : {colour.red, colour.green, colour.blue})
    planar.insert(planar.end(), static_cast<size_t>(height * width), static_cast<float>(value) / 255.F);
  PictureToShrink picture{"picture " + std::to_string(i), std::to_string(i) + ".png", "1"};
  write_png(folder.file(picture.file), planar.data(), 3, height, width);
  return picture;
}

std::vector<PictureToShrink> draw_all(const TemporaryFolder& folder, int from, int to) {
  std::vector<PictureToShrink> pictures;
  for (int i = from; i < to; ++i) pictures.push_back(draw(folder, i, 160, 160));
  return pictures;
}

std::map<std::string, std::string> files_of(const TemporaryFolder& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("thumbnails")))
    files[entry.path().filename().string()] = contents_of(entry.path().string());
  return files;
}

// That a picture's cell holds its colour in its middle. JPEG of quality 90 rounds each of Y, Cb and Cr of a flat colour twice and quantises
// its mean in steps of 3 / 8 of a level, which is 1.19 levels at most, and blue is Y + 1.772 (Cb - 128), rounded: 1.19 * 2.772 + .5 = 3.8,
// and a difference is whole.
void expect_picture(const TemporaryFolder& folder, const Thumbnails& thumbnails, int i) {
  const Thumbnail& small = thumbnails.pictures.at("picture " + std::to_string(i));
  const Photo sheet = read_photo(folder.file(thumbnails.sheets.at(small.sheet).file));
  const auto cell = static_cast<int64_t>(small.cell);
  const int64_t y = cell / kThumbnailsAcross * kThumbnailSide + kThumbnailSide / 2;
  const int64_t x = cell % kThumbnailsAcross * kThumbnailSide + kThumbnailSide / 2;
  const uint8_t* pixel = sheet.rgb.data() + (y * sheet.width + x) * 3;
  const Colour colour = colour_of(i);
  EXPECT_NEAR(pixel[0], colour.red, 3) << i;
  EXPECT_NEAR(pixel[1], colour.green, 3) << i;
  EXPECT_NEAR(pixel[2], colour.blue, 3) << i;
}

TEST(Thumbnails, HoldEachPictureInItsCell) {
  const TemporaryFolder folder;
  std::vector<PictureToShrink> pictures = draw_all(folder, 0, 103);
  pictures.push_back(draw(folder, 103, 400, 200));  // shrunk to 160 x 80
  const Thumbnails thumbnails = make_thumbnails(folder.path().string(), pictures);
  ASSERT_EQ(thumbnails.sheets.size(), 2U);
  EXPECT_EQ(thumbnails.sheets[0].width, 10 * kThumbnailSide);
  EXPECT_EQ(thumbnails.sheets[0].height, 10 * kThumbnailSide);
  EXPECT_EQ(thumbnails.sheets[1].width, 4 * kThumbnailSide);
  EXPECT_EQ(thumbnails.sheets[1].height, kThumbnailSide);
  for (const int i : {0, 9, 10, 57, 99, 100, 102, 103}) expect_picture(folder, thumbnails, i);
  EXPECT_EQ(thumbnails.pictures.at("picture 103").height, 160);
  EXPECT_EQ(thumbnails.pictures.at("picture 103").width, 80);
}

TEST(Thumbnails, AreMadeOnce) {
  const TemporaryFolder folder;
  std::vector<PictureToShrink> pictures = draw_all(folder, 0, 108);
  const Thumbnails first = make_thumbnails(folder.path().string(), pictures);
  const auto before = files_of(folder);
  for (const PictureToShrink& picture : pictures) std::filesystem::remove(folder.file(picture.file));
  const Thumbnails again = make_thumbnails(folder.path().string(), pictures);  // could read none
  EXPECT_EQ(again.pictures.size(), 108U);
  EXPECT_EQ(files_of(folder), before);
  // More pictures: the full sheet stays, the other is made again.
  pictures = draw_all(folder, 100, 115);
  for (int i = 0; i < 100; ++i)
    pictures.insert(pictures.begin() + i, {"picture " + std::to_string(i), "gone.png", "1"});
  const Thumbnails more = make_thumbnails(folder.path().string(), pictures);
  ASSERT_EQ(more.sheets.size(), 2U);
  EXPECT_EQ(more.sheets[0].file, first.sheets[0].file);
  EXPECT_EQ(more.pictures.size(), 115U);
  for (const int i : {100, 107, 108, 114}) expect_picture(folder, more, i);
  EXPECT_EQ(files_of(folder).size(), 3U) << "the sheet that was replaced is removed";
}

// A run that was interrupted, or whose pictures came in another order, ends with the same bytes.
TEST(Thumbnails, DoNotDependOnWhenTheyAreMade) {
  const TemporaryFolder folder, other;
  const std::vector<PictureToShrink> pictures = draw_all(folder, 0, 205);
  (void)draw_all(other, 0, 205);
  std::vector<PictureToShrink> some;
  for (size_t i = 0; i < pictures.size(); ++i)
    if (i < 100 || i % 3 == 0) some.push_back(pictures[i]);
  make_thumbnails(folder.path().string(), some);
  make_thumbnails(folder.path().string(), pictures);
  make_thumbnails(other.path().string(), pictures);
  EXPECT_EQ(files_of(folder), files_of(other));
  // The index knows the sheets that were kept behind one that was made again.
  std::vector<PictureToShrink> changed = pictures;
  changed[0].stamp = "2";
  make_thumbnails(folder.path().string(), changed);
  for (size_t i = 100; i < pictures.size(); ++i) std::filesystem::remove(folder.file(pictures[i].file));
  EXPECT_EQ(make_thumbnails(folder.path().string(), changed).pictures.size(), 205U);
}

TEST(Thumbnails, OfAPictureThatChangedAreMadeAgain) {
  const TemporaryFolder folder;
  std::vector<PictureToShrink> pictures = draw_all(folder, 0, 104);
  const Thumbnails first = make_thumbnails(folder.path().string(), pictures);
  pictures[3] = draw(folder, 3, 40, 80);
  pictures[3].stamp = "2";
  const Thumbnails again = make_thumbnails(folder.path().string(), pictures);
  EXPECT_EQ(again.pictures.at("picture 3").width, 80);
  EXPECT_EQ(again.pictures.size(), 104U);
  for (const int i : {2, 3, 4, 103}) expect_picture(folder, again, i);
  // One that is no longer wanted has none.
  pictures.erase(pictures.begin() + 5);
  EXPECT_FALSE(make_thumbnails(folder.path().string(), pictures).pictures.contains("picture 5"));
}

TEST(Thumbnails, DoWithoutWhatCannotBeReadOrWritten) {
  const TemporaryFolder folder;
  std::vector<PictureToShrink> pictures = draw_all(folder, 0, 5);
  (void)folder.write("2.png", "no picture");
  const Thumbnails four = make_thumbnails(folder.path().string(), pictures);
  EXPECT_EQ(four.pictures.size(), 4U);
  EXPECT_FALSE(four.pictures.contains("picture 2"));
  for (const int i : {0, 1, 3, 4}) expect_picture(folder, four, i);
  for (const char* broken :
       {"", "{", "[]", R"({"side": 160, "across": 10, "sheets": [{"file": "x.jpg", "pictures": [["picture 0"]]}]})"}) {
    (void)folder.write("thumbnails/index.json", broken);
    EXPECT_EQ(make_thumbnails(folder.path().string(), pictures).pictures.size(), 4U) << broken;
  }
  std::filesystem::remove_all(folder.file("thumbnails"));
  (void)folder.write("thumbnails", "a file in the way");
  EXPECT_TRUE(make_thumbnails(folder.path().string(), pictures).pictures.empty());
}

}  // namespace
}  // namespace phosphene::testing::thumbnails_test
