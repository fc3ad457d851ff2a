// The rule for cut and damaged photographs (experiment/photos/jpeg_file.h, png_chunks.h): any pixel that may be wrong refuses the file.
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "experiment/photos/photo_file.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::damage_test {
namespace {

enum class Kind { baseline, progressive, arithmetic, restarts, parts };
constexpr Kind kKinds[] = {Kind::baseline, Kind::progressive, Kind::arithmetic, Kind::restarts, Kind::parts};

// Smoothed noise, which takes bits everywhere.
Photo noise(int64_t height, int64_t width) {
  std::mt19937 generator(5);
  Photo photo{height, width, {}};
  for (int64_t i = 0; i < 3 * height * width; ++i)
    photo.rgb.push_back(static_cast<uint8_t>(i < 3 ? 128 : (3 * photo.rgb.back() + (generator() >> 24)) / 4));
  return photo;
}

std::string jpeg_of(const Photo& photo, Kind kind) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_height = static_cast<JDIMENSION>(photo.height);
  jpeg.image_width = static_cast<JDIMENSION>(photo.width);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 85, TRUE);
  // One component after the other.
  static constexpr jpeg_scan_info kParts[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (kind == Kind::progressive) jpeg_simple_progression(&jpeg);
  if (kind == Kind::arithmetic) jpeg.arith_code = TRUE;
  if (kind == Kind::restarts) jpeg.restart_in_rows = 1;
  if (kind == Kind::parts) {
    jpeg.scan_info = kParts;
    jpeg.num_scans = 3;
  }
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPLE*>(photo.rgb.data() + int64_t{jpeg.next_scanline} * photo.width * 3);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string file(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return file;
}

class Damage : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<uint8_t> pixels(const std::string& contents) const {
    return read_photo(folder_.write("x", contents)).rgb;
  }
  [[nodiscard]] ::testing::AssertionResult refused(const std::string& contents,
                                                   const std::vector<std::string>& words = {}) const {
    return refuses([&] { (void)pixels(contents); }, words);
  }

  TemporaryFolder folder_;
};

TEST_F(Damage, WhatStandsBehindTheLastPixelIsNoFault) {
  for (const Kind kind : kKinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    const std::string whole = jpeg_of(noise(48, 64), kind);
    const std::vector<uint8_t> expected = pixels(whole);
    const std::string open = whole.substr(0, whole.size() - 2);
    EXPECT_EQ(pixels(open), expected) << "without the end marker";
    EXPECT_EQ(pixels(whole.substr(0, whole.size() - 1)), expected) << "without its second half";
    EXPECT_EQ(pixels(whole + "trailer of a camera\xff\xd8\xff"), expected);
    EXPECT_EQ(pixels(open + std::string(500, '\0') + "\xff\xd9"), expected) << "padded with zeros";
    EXPECT_EQ(pixels(open + std::string(500, '\0')), expected) << "a recovered file";
    EXPECT_TRUE(refused(open + "twenty-two other bytes" + "\xff\xd9", {"a broken JPEG", "22 extraneous bytes"}));
  }
}

TEST_F(Damage, ACutJpegIsRefusedWhereverItIsCut) {
  for (const Kind kind : kKinds) {
    const std::string whole = jpeg_of(noise(48, 64), kind);
    for (size_t missing = 3; missing + 3 < whole.size(); missing += missing < 40 ? 1 : 23) {
      // Zero bits of an arithmetic code may be left out at its end, so that a few bytes less may be the same picture.
      if (kind == Kind::arithmetic && missing < 8) continue;
      ASSERT_TRUE(refused(whole.substr(0, whole.size() - missing), {"a broken JPEG"}))
          << "kind " << static_cast<int>(kind) << ", less " << missing;
    }
  }
}

// A progressive file that ends behind one of its scans is a whole picture to the decoder, only a worse one.
TEST_F(Damage, AProgressiveFileNeedsAllItsScans) {
  const std::string whole = jpeg_of(noise(48, 64), Kind::progressive);
  int scans = 0;
  for (size_t at = whole.find("\xff\xda"); (at = whole.find("\xff\xda", at + 1)) != std::string::npos; ++scans) {
    const std::string begun = whole.substr(0, whole.rfind("\xff\xc4", at));  // its tables stand before a scan
    EXPECT_TRUE(refused(begun, {"a broken JPEG"})) << "scan " << scans;
    EXPECT_TRUE(refused(begun + "\xff\xd9", {"a broken JPEG", "missing"})) << "scan " << scans;
  }
  EXPECT_EQ(scans, 9);
}

// JPEG has no checksum: other bytes are seen because codes that do not exist, markers and a wrong length follow. About one of 2^8 ends
// within the byte where it should, as far as the decoder says; half of a hundred random places is far beyond that.
TEST_F(Damage, DamagedBytesAreSeen) {
  const std::string whole = jpeg_of(noise(96, 128), Kind::baseline);
  const std::vector<uint8_t> expected = pixels(whole);
  std::mt19937 generator(9);
  int unseen = 0;
  for (int trial = 0; trial < 200; ++trial) {
    std::string damaged = whole;
    const size_t at = 700 + generator() % (whole.size() - 1000);
    for (size_t i = 0; i < 50; ++i) damaged[at + i] = static_cast<char>(generator() >> 24U);
    try {
      if (pixels(damaged) != expected) ++unseen;
    } catch (const Error&) {
    }
  }
  RecordProperty("unseen", unseen);
  EXPECT_LE(unseen, 10) << "of 200";
  std::string zeros = whole;
  zeros.replace(whole.size() / 2, 512, std::string(512, '\0'));
  EXPECT_TRUE(refused(zeros, {"a broken JPEG"})) << "a sector that was never written";
}

TEST_F(Damage, RareJpegsAreRefusedByName) {
  std::string twelve = jpeg_of(noise(16, 16), Kind::baseline), lossless = twelve;
  const size_t frame = twelve.find("\xff\xc0");
  twelve[frame + 4] = 12;
  EXPECT_TRUE(refused(twelve, {"12 bits", "expected 8"}));
  lossless[frame + 1] = '\xc3';
  EXPECT_TRUE(refused(lossless, {"rare kind", "ffc3", "baseline or progressive"}));
}

// Small files must not make us take memory or time for what they promise.
TEST_F(Damage, AJpegCannotPromiseMoreThanItHolds) {
  std::string progressive = jpeg_of(noise(16, 16), Kind::progressive);
  const size_t frame = progressive.find("\xff\xc2");
  ASSERT_NE(frame, std::string::npos);
  std::string huge = progressive;
  huge.replace(frame + 5, 4, std::string("\x3e\x80\x3e\x80", 4));  // 16000 x 16000
  EXPECT_TRUE(refused(huge, {"bytes cannot hold 16000 x 16000 pixels"}));
  const size_t scan = progressive.find("\xff\xda"), next = progressive.find("\xff\xc4", scan);
  ASSERT_NE(next, std::string::npos);
  std::string repeated;
  for (int i = 0; i < 200; ++i) repeated += progressive.substr(scan, next - scan);
  EXPECT_TRUE(refused(progressive.insert(scan, repeated), {"more than 100 scans"}));
}

std::string png_of(const Photo& photo) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = static_cast<png_uint_32>(photo.height);
  png.width = static_cast<png_uint_32>(photo.width);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string file(size, '\0');
  if (png_image_write_to_memory(&png, file.data(), &size, 0, photo.rgb.data(), 0, nullptr) == 0)
    throw std::runtime_error(png.message);
  file.resize(size);
  return file;
}

TEST_F(Damage, OfAPngEveryByteIsChecked) {
  const Photo photo = noise(9, 13);
  const std::string whole = png_of(photo);
  for (size_t size = 8; size + 12 < whole.size(); ++size)
    ASSERT_TRUE(refused(whole.substr(0, size), {"a broken PNG"})) << "cut to " << size;
  for (size_t size = whole.size() - 12; size <= whole.size(); ++size)
    EXPECT_EQ(pixels(whole.substr(0, size)), photo.rgb) << "without some of the end mark";
  for (size_t at = 8; at < whole.size() - 12; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    ASSERT_TRUE(refused(damaged)) << "byte " << at;
  }
  EXPECT_EQ(pixels(whole + "trailer"), photo.rgb);
  EXPECT_TRUE(refused(whole.substr(0, 12) + "CgBI" + whole.substr(16), {"iOS"}));
}

}  // namespace
}  // namespace phosphene::testing::damage_test
