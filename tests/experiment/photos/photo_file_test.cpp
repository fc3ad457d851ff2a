#include "experiment/photos/photo_file.h"

#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>
#include <cstdio>

#include <cstdlib>

#include "experiment/photos/exif.h"
#include "experiment/photos/resize.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::photo_file_test {
namespace {

// 8-bit rows of any of libpng's formats as a PNG file.
std::string png_of(png_uint_32 format, png_uint_32 height, png_uint_32 width, const std::vector<uint8_t>& pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = height;
  png.width = width;
  png.format = format;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string file(size, '\0');
  if (png_image_write_to_memory(&png, file.data(), &size, 0, pixels.data(), 0, nullptr) == 0)
    throw std::runtime_error(png.message);
  file.resize(size);
  return file;
}

// A JPEG of one colour, at the best quality; four components are Adobe's CMYK, which holds 255 - ink.
std::string jpeg_of(J_COLOR_SPACE space, int components, JDIMENSION height, JDIMENSION width,
                    const std::vector<uint8_t>& colour) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_height = height;
  jpeg.image_width = width;
  jpeg.input_components = components;
  jpeg.in_color_space = space;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  std::vector<uint8_t> row;
  for (JDIMENSION x = 0; x < width; ++x) row.insert(row.end(), colour.begin(), colour.end());
  JSAMPROW rows = row.data();
  for (JDIMENSION y = 0; y < height; ++y) jpeg_write_scanlines(&jpeg, &rows, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string file(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return file;
}

void expect_colour(const Photo& photo, const std::vector<int>& colour, int tolerance) {
  for (size_t i = 0; i < photo.rgb.size(); ++i)
    ASSERT_LE(std::abs(photo.rgb[i] - colour[i % 3]), tolerance) << "byte " << i;
}

TEST(ImageFile, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  std::vector<float> planar;
  for (int i = 0; i < 3 * 5 * 7; ++i) planar.push_back(static_cast<float>(i) / 255.F);
  write_png(folder.file("x.png"), planar.data(), 3, 5, 7);
  const Photo photo = read_photo(folder.file("x.png"));
  ASSERT_EQ(photo.height, 5);
  ASSERT_EQ(photo.width, 7);
  for (size_t pixel = 0; pixel < 35; ++pixel) {
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(photo.rgb[3 * pixel + c], c * 35 + pixel);
  }
}

TEST(ImageFile, RoundsToNearestAndClamps) {
  const TemporaryFolder folder;
  const std::vector<float> planar = {-1.F, 0.F, 0.49F / 255.F, 0.51F / 255.F, 254.49F / 255.F, 254.51F / 255.F,
                                     1.F,  2.F};
  write_png(folder.file("x.png"), planar.data(), 1, 1, 8);
  const Photo photo = read_photo(folder.file("x.png"));
  const std::vector<int> expected = {0, 0, 0, 1, 254, 255, 255, 255};
  for (size_t x = 0; x < 8; ++x) {
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(photo.rgb[3 * x + c], expected[x]);
  }
}

TEST(ImageFile, WritesTheSameBytesTwiceAndNoHalfFiles) {
  const TemporaryFolder folder;
  const std::vector<float> planar(3 * 16 * 16, 0.3F);
  write_png(folder.file("a.png"), planar.data(), 3, 16, 16);
  write_png(folder.file("b.png"), planar.data(), 3, 16, 16);
  EXPECT_EQ(contents_of(folder.file("a.png")), contents_of(folder.file("b.png")));
  EXPECT_TRUE(refuses([&] { write_png(folder.file("none/x.png"), planar.data(), 3, 16, 16); },
                      {"none/x.png", "cannot be written"}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()),
            2);
}

TEST(ImageFile, GrayIsRepeatedAndTransparencyIsBlack) {
  const TemporaryFolder folder;
  expect_colour(read_photo(folder.write("gray.png", png_of(PNG_FORMAT_GRAY, 2, 3, std::vector<uint8_t>(6, 77)))),
                {77, 77, 77}, 0);
  std::vector<uint8_t> clear;
  for (int i = 0; i < 6; ++i) clear.insert(clear.end(), {200, 100, 50, 0});
  expect_colour(read_photo(folder.write("clear.png", png_of(PNG_FORMAT_RGBA, 2, 3, clear))), {0, 0, 0}, 0);
}

// A colour that is constant passes the cosine transform exactly; the colour transform rounds twice, by at most 1 each.
TEST(ImageFile, ReadsEveryKindOfJpeg) {
  const TemporaryFolder folder;
  const Photo rgb = read_photo(folder.write("rgb.jpg", jpeg_of(JCS_RGB, 3, 9, 17, {200, 100, 50})));
  EXPECT_EQ(rgb.height, 9);
  EXPECT_EQ(rgb.width, 17);
  expect_colour(rgb, {200, 100, 50}, 2);
  expect_colour(read_photo(folder.write("gray.jpg", jpeg_of(JCS_GRAYSCALE, 1, 9, 17, {90}))), {90, 90, 90}, 1);
  // Half black over (200, 100, 50): each colour times 128 / 255.
  expect_colour(read_photo(folder.write("cmyk.jpg", jpeg_of(JCS_CMYK, 4, 9, 17, {200, 100, 50, 128}))), {100, 50, 25},
                2);
}

TEST(ImageFile, ACamerasOrientationIsUndone) {
  // Stored 2 x 3; 0 .. 5 in reading order. Expected: what people see.
  const std::map<int, std::pair<int64_t, std::vector<int>>> expected = {
      {1, {2, {0, 1, 2, 3, 4, 5}}}, {2, {2, {2, 1, 0, 5, 4, 3}}}, {3, {2, {5, 4, 3, 2, 1, 0}}},
      {4, {2, {3, 4, 5, 0, 1, 2}}}, {5, {3, {0, 3, 1, 4, 2, 5}}}, {6, {3, {3, 0, 4, 1, 5, 2}}},
      {7, {3, {5, 2, 4, 1, 3, 0}}}, {8, {3, {2, 5, 1, 4, 0, 3}}}};
  for (const auto& [orientation, seen] : expected) {
    Photo stored{2, 3, {}};
    for (uint8_t i = 0; i < 6; ++i) stored.rgb.insert(stored.rgb.end(), 3, i);
    const Photo photo = upright(stored, orientation);
    EXPECT_EQ(photo.height, seen.first) << orientation;
    for (size_t i = 0; i < 6; ++i)
      EXPECT_EQ(photo.rgb[3 * i], seen.second[i]) << "orientation " << orientation << ", pixel " << i;
  }
}

TEST(ImageFile, TheOrientationIsReadFromExif) {
  const std::string plain = jpeg_of(JCS_RGB, 3, 8, 16, {1, 2, 3});
  const std::string little =
      std::string("Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 32);
  const std::string big = std::string("Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0", 32);
  const auto with = [&](const std::string& exif) {
    return plain.substr(0, 2) + std::string("\xff\xe1\0", 3) + static_cast<char>(exif.size() + 2) + exif +
           plain.substr(2);
  };
  const auto orientation = [](const std::string& file) {
    return exif_orientation(std::as_bytes(std::span<const char>(file)));
  };
  EXPECT_EQ(orientation(plain), 1);
  EXPECT_EQ(orientation(with(little)), 6);
  EXPECT_EQ(orientation(with(big)), 8);
  const TemporaryFolder folder;
  EXPECT_EQ(read_photo(folder.write("turned.jpg", with(little))).height, 16);
}

TEST(ImageFile, RefusesWhatIsNoImageInOneLine) {
  const TemporaryFolder folder;
  EXPECT_TRUE(refuses([&] { read_photo(folder.write("notes.txt", "shopping list\n")); },
                      {"notes.txt", "is neither a PNG nor a JPEG file"}));
  EXPECT_TRUE(refuses([&] { read_photo(folder.write("empty.png", "")); }, {"empty.png"}));
  EXPECT_TRUE(refuses([&] { read_photo(folder.file("none.png")); }, {"none.png"}));
  EXPECT_TRUE(refuses([&] { read_photo(folder.path().string()); }, {folder.path().string()}));
}

// A header may promise more than the file holds: 2^15 x 2^15 pixels would be 3 GiB.
TEST(ImageFile, SizesAreCheckedBeforeMemoryIsTaken) {
  const TemporaryFolder folder;
  std::string png = png_of(PNG_FORMAT_RGB, 2, 3, std::vector<uint8_t>(18, 7));
  std::string jpeg = jpeg_of(JCS_RGB, 3, 8, 8, {1, 2, 3});
  const size_t frame = jpeg.find(std::string("\xff\xc0", 2));
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, std::string("\x80\0\x80\0", 4));
  EXPECT_TRUE(refuses([&] { read_photo(folder.write("huge.jpg", jpeg)); }, {"huge.jpg", "32768 x 32768 pixels"}));
  png.replace(16, 8, std::string("\0\0\x80\0\0\0\x80\0", 8));
  EXPECT_TRUE(refuses([&] { read_photo(folder.write("huge.png", png)); }, {"huge.png"}));
}

TEST(ImageFile, DamagedFilesAreReadOrRefused) {
  const TemporaryFolder folder;
  std::vector<uint8_t> pixels;
  for (int i = 0; i < 20 * 30 * 3; ++i) pixels.push_back(static_cast<uint8_t>(i * 37 % 251));
  const std::string png = folder.file("x.png"), jpeg = folder.file("x.jpg");
  read_damaged(png_of(PNG_FORMAT_RGB, 20, 30, pixels), png, 100, [&] { (void)read_photo(png); });
  read_damaged(jpeg_of(JCS_RGB, 3, 20, 30, {10, 200, 90}), jpeg, 300, [&] { (void)read_photo(jpeg); });
}

TEST(Resize, KeepsAConstant) {
  const Photo photo{50, 80, std::vector<uint8_t>(50 * 80 * 3, 51)};
  for (const auto& [h, w] : std::vector<std::pair<int64_t, int64_t>>{{10, 10}, {50, 80}, {200, 100}, {7, 70}}) {
    const HostTensor image = resize_and_crop(photo, h, w);
    EXPECT_EQ(image.dims, (std::vector<int64_t>{1, 3, h, w}));
    // Weights sum to 1 but for their rounding: at most a few units of 2^-24 per tap and pass.
    for (const float value : image.data) ASSERT_NEAR(value, 0.2F, 1e-5F);
  }
}

TEST(Resize, AtItsOwnSizeOnlyCutsOutTheCentre) {
  Photo photo{2, 6, {}};
  for (uint8_t i = 0; i < 12; ++i)
    photo.rgb.insert(photo.rgb.end(), {i, static_cast<uint8_t>(i + 20), static_cast<uint8_t>(i + 40)});
  const HostTensor image = resize_and_crop(photo, 2, 2);
  for (size_t c = 0; c < 3; ++c) {
    for (size_t y = 0; y < 2; ++y) {
      for (size_t x = 0; x < 2; ++x)
        EXPECT_FLOAT_EQ(image.data[(c * 2 + y) * 2 + x] * 255, static_cast<float>(20 * c + 6 * y + x + 2));
    }
  }
}

// Halving [0 1 2 3 ...] with a triangle of half-width 2 about 2 i + 1/2: weights 1/8 3/8 3/8 1/8, so inner values stay on the ramp.
TEST(Resize, HalvesARampWithATriangle) {
  Photo photo{8, 8, {}};
  for (int y = 0; y < 8; ++y) {
    for (uint8_t x = 0; x < 8; ++x) photo.rgb.insert(photo.rgb.end(), 3, static_cast<uint8_t>(8 * x));
  }
  const HostTensor image = resize_and_crop(photo, 4, 4);
  for (size_t y = 0; y < 4; ++y) {
    for (size_t x = 1; x < 3; ++x)
      EXPECT_NEAR(image.data[y * 4 + x] * 255, 8 * (2 * static_cast<double>(x) + 0.5), 1e-4);
    // At the edge the tap that is missing leaves 3/7 3/7 1/7 of 0, 8, 16.
    EXPECT_NEAR(image.data[y * 4] * 255, (3 * 8 + 16) / 7.0, 1e-4);
  }
}

TEST(ImageFile, ReadsPhotographs) {
  PHOSPHENE_ASSET(path, "photos/chelsea.jpg");
  const Photo photo = read_photo(path.string());
  EXPECT_GT(photo.height, 100);
  EXPECT_EQ(photo.rgb.size(), static_cast<size_t>(photo.height * photo.width * 3));
}

}  // namespace
}  // namespace phosphene::testing::photo_file_test
