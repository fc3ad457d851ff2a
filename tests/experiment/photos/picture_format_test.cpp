#include "experiment/photos/picture_format.h"

#include <gtest/gtest.h>

#include "experiment/photos/photo_file.h"
#include "experiment/photos/photo_names.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::picture_format_test {
namespace {

using std::string_literals::operator""s;

TEST(PictureFormat, OthersAreNamed) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"RIFF\x24\0\0\0WEBPVP8 "s, "is a WebP picture; expected PNG or JPEG: convert it"},
      {"\0\0\0\x18"
       "ftypheic\0\0\0\0mif1heic"s,
       "HEIF picture (HEIC)"},
      {"\0\0\0\x18"
       "ftypmif1\0\0\0\0mif1avif"s,
       "AVIF picture"},
      {"\0\0\0\x18"
       "ftypavif\0\0\0\0mif1miaf"s,
       "AVIF picture"},
      {"\0\0\0\x14"
       "ftypqt  \0\0\0\0qt  "s,
       "a video (MP4 or QuickTime)"},
      {"\0\0\0\x18"
       "ftypcrx \0\0\0\1crx isom"s,
       "raw file (CR3)"},
      {"GIF89a\1\0\1\0", "a GIF picture"},
      {"II*\0\x08\0\0\0"s, "a TIFF picture"},
      {"MM\0*\0\0\0\x08"s, "a TIFF picture"},
      {"II*\0\x10\0\0\0CR\2\0"s, "raw file (CR2)"},
      {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0"s, "a BMP picture"},
      {"\xff\x0a\1\2", "a JPEG XL picture"},
      {"\0\0\0\x0cJXL \r\n\x87\n"s, "a JPEG XL picture"},
      {"\0\0\0\x0cjP  \r\n\x87\n"s, "a JPEG 2000 picture"},
      {"8BPS\0\1"s, "a Photoshop document"},
      {"%PDF-1.7\n", "a PDF document"},
      {"PK\3\4\x14\0"s, "a ZIP archive"},
      {"\x1f\x8b\x08\0"s, "a gzip archive"},
      {"P6\n2 2\n255\n", "a PNM picture"},
      {"\0\5\x16\7\0\2\0\0Mac OS X"s, "AppleDouble"},
      {"\x89PNG\n\x1a\n", "a PNG that was changed on its way"},
      {"<!DOCTYPE html><html><head><title>404</title>", "a web page (HTML), not the picture"},
      {"\xef\xbb\xbf\n <HTML lang=en>", "a web page (HTML)"},
      {"<?xml version=\"1.0\"?>\n<svg xmlns=\"x\">", "an SVG drawing"},
      {"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>", "an XML file"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"},
      {"shopping list\n", "is neither a PNG nor a JPEG file, but text"},
      {"\xc3\xa4pfel\n", "but text"},
      {std::string(50, '\0'), "zeros"},
      {"\1\2\3\4", "is neither a PNG nor a JPEG file"}};
  const TemporaryFolder folder;
  const auto read = [&](const std::string& contents) { (void)read_photo(folder.write("x.jpg", contents)); };
  for (const auto& file : files) {
    const std::string& contents = file.first;
    EXPECT_TRUE(refuses([&] { read(contents); }, {"x.jpg: ", file.second}));
    for (size_t size = 1; size < contents.size(); ++size)  // whatever is missing
      EXPECT_TRUE(refuses([&] { read(contents.substr(0, size)); }, {"x.jpg: is "}));
  }
  EXPECT_TRUE(refuses([&] { (void)read_photo(folder.write("x.jpg", "")); }, {"x.jpg", "empty"}));
}

TEST(PhotoNames, EndingsDecide) {
  for (const char* name : {"a.jpg", "a.JPEG", "b.c/a.Png", "a.heic", "a.NEF", "a.jfif"})
    EXPECT_EQ(name_kind(name), NameKind::photograph) << name;
  for (const char* name : {"a", "b.jpg/a"}) EXPECT_EQ(name_kind(name), NameKind::bare) << name;
  for (const char* name : {"a.txt", "a.jpg.part", "a.jpg~", "a.", "a.mov"})
    EXPECT_EQ(name_kind(name), NameKind::other) << name;
}

TEST(PhotoNames, DustIsKnownByName) {
  for (const char* name :
       {"._a.jpg", ".thumbnails", ".DS_Store", ".Trash-1000", "@eaDir", "@EADIR", "__MACOSX", "Thumbs.db",
        "desktop.ini", "#recycle", "$RECYCLE.BIN", "lost+found", "SYNOPHOTO_THUMB_M.jpg"})
    EXPECT_TRUE(is_dust(name)) << name;
  for (const char* name : {"a.jpg", "thumbnails", "_a.jpg", "recycle", "@home", "a.thumbnails"})
    EXPECT_FALSE(is_dust(name)) << name;
}

}  // namespace
}  // namespace phosphene::testing::picture_format_test
