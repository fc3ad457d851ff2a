#include "experiment/photos/photo_tiles.h"

#include <gtest/gtest.h>

#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"

namespace phosphene::testing::photo_tiles_test {
namespace {

// The pixel at (y, x) is (y, x, 0).
Photo coordinates(int64_t height, int64_t width) {
  Photo photo{height, width, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      photo.rgb.insert(photo.rgb.end(), {static_cast<uint8_t>(y), static_cast<uint8_t>(x), 0});
  return photo;
}

TEST(PhotoTiles, OneTileOfASquareIsTheWholePicture) {
  const PhotoTiles tiles(60, 60, 24, 24);
  EXPECT_EQ(tiles.count(), 1);
  EXPECT_EQ(tiles.cut(coordinates(60, 60))[0].data, resize_and_crop(coordinates(60, 60), 24, 24).data);
  EXPECT_EQ(tiles.in_photo(0, {0, 0, 24, 24}), (Box{0, 0, 60, 60}));
  EXPECT_EQ(tiles.in_photo(0, {12, 6, 6, 12}), (Box{30, 15, 15, 30}));
}

TEST(PhotoTiles, CoverTheLongerSideFromEndToEnd) {
  for (const bool wide : {true, false}) {
    const int64_t height = wide ? 20 : 50, width = wide ? 50 : 20;
    const PhotoTiles tiles(height, width, 20, 20);
    ASSERT_EQ(tiles.count(), 3);
    const std::vector<HostTensor> cut = tiles.cut(coordinates(height, width));
    for (int64_t i = 0; i < 3; ++i) {
      // At its own size a photograph is not filtered: tile i begins at pixel 15 i.
      const float along = cut[static_cast<size_t>(i)].data[wide ? 400 : 0],
                  across = cut[static_cast<size_t>(i)].data[wide ? 0 : 400];
      EXPECT_FLOAT_EQ(along * 255, static_cast<float>(15 * i));
      EXPECT_FLOAT_EQ(across * 255, 0);
      EXPECT_EQ(tiles.in_photo(i, {0, 0, 20, 20}), wide ? (Box{0, 15 * i, 20, 20}) : (Box{15 * i, 0, 20, 20}));
    }
  }
}

TEST(PhotoTiles, BoxesAreClippedToTheTileAndNeverEmpty) {
  const PhotoTiles tiles(200, 300, 100, 100);
  EXPECT_EQ(tiles.count(), 2);
  EXPECT_EQ(tiles.in_photo(0, {-40, -40, 60, 80}), (Box{0, 0, 40, 80}));
  EXPECT_EQ(tiles.in_photo(1, {90, 90, 500, 500}), (Box{180, 280, 20, 20}));
  EXPECT_EQ(tiles.in_photo(1, {-90, 400, 50, 50}), (Box{0, 298, 2, 2})) << "a field wholly in the padding";
}

// A strip a pixel high would otherwise be scaled to hundreds of times its length.
TEST(PhotoTiles, OfAVeryLongPhotographTheMiddleIsShown) {
  const PhotoTiles tiles(1, 100000, 224, 224);
  EXPECT_EQ(tiles.count(), PhotoTiles::kMax);
  Photo strip{1, 100000, std::vector<uint8_t>(300000, 51)};
  const std::vector<HostTensor> cut = tiles.cut(strip);
  ASSERT_EQ(cut.size(), static_cast<size_t>(PhotoTiles::kMax));
  for (const HostTensor& tile : cut) EXPECT_NEAR(tile.data[12345], 0.2F, 1e-5F);
  EXPECT_EQ(tiles.in_photo(0, {0, 0, 224, 224}), (Box{0, 49996, 1, 1}));
  EXPECT_EQ(tiles.in_photo(7, {0, 0, 224, 224}), (Box{0, 50003, 1, 1}));
}

TEST(PhotoTiles, SmallPhotographsAreEnlarged) {
  const PhotoTiles tiles(3, 3, 24, 24);
  EXPECT_EQ(tiles.count(), 1);
  EXPECT_EQ(tiles.in_photo(0, {8, 8, 8, 8}), (Box{1, 1, 1, 1}));
}

TEST(WriteJpeg, IsReadAgain) {
  Photo photo{9, 17, {}};
  for (int i = 0; i < 9 * 17; ++i) photo.rgb.insert(photo.rgb.end(), {200, 100, 50});
  const std::string path = ::testing::TempDir() + "phosphene_write_jpeg.jpg";
  write_jpeg(path, photo);
  const Photo read = read_photo(path);
  std::remove(path.c_str());
  EXPECT_EQ(read.height, 9);
  ASSERT_EQ(read.rgb.size(), photo.rgb.size());
  // Quantised by at most 4 at quality 90 in luminance and 7 in chroma for a constant block, of which the colour transform makes 1.8 at most.
  for (size_t i = 0; i < read.rgb.size(); ++i) ASSERT_NEAR(read.rgb[i], photo.rgb[i], 8);
}

}  // namespace
}  // namespace phosphene::testing::photo_tiles_test
