#include "experiment/photos/picture_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "runtime/printable.h"

namespace phosphene {
namespace {

using std::string_view_literals::operator""sv;

constexpr const char* kConvert =
    "; expected PNG or JPEG: convert it, for instance by ImageMagick (magick FILE FILE.png)";
constexpr const char* kRaw = "; expected PNG or JPEG: export it from a program for raw photographs";
constexpr const char* kNoPicture = "; expected a PNG or JPEG file";
constexpr const char* kUnpack = "; expected PNG or JPEG: unpack it";

struct Signature {
  size_t at;
  std::string_view bytes;
  const char *what, *advice;
};

// The first that fits counts.
constexpr Signature kSignatures[] = {
    {0, "GIF8"sv, "a GIF picture", kConvert},
    {8, "WEBP"sv, "a WebP picture", kConvert},
    {8, "CR\2"sv, "a camera's raw file (CR2)", kRaw},
    {0, "II*\0"sv, "a TIFF picture, or a camera's raw file", kConvert},
    {0, "MM\0*"sv, "a TIFF picture, or a camera's raw file", kConvert},
    {0, "II+\0"sv, "a BigTIFF picture", kConvert},
    {0, "MM\0+"sv, "a BigTIFF picture", kConvert},
    {0, "II\xbc\1"sv, "a JPEG XR picture", kConvert},
    {0, "IIRO"sv, "a camera's raw file (ORF)", kRaw},
    {0, "IIRS"sv, "a camera's raw file (ORF)", kRaw},
    {0, "MMOR"sv, "a camera's raw file (ORF)", kRaw},
    {0, "IIU\0"sv, "a camera's raw file (RW2)", kRaw},
    {0, "FUJIFILMCCD-RAW"sv, "a camera's raw file (RAF)", kRaw},
    {0, "FOVb"sv, "a camera's raw file (X3F)", kRaw},
    {0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 picture", kConvert},
    {0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 picture", kConvert},
    {0, "\0\0\0\x0cJXL "sv, "a JPEG XL picture", kConvert},
    {0, "\xff\x0a"sv, "a JPEG XL picture", kConvert},
    {0, "8BPS"sv, "a Photoshop document", kConvert},
    {0, "gimp xcf"sv, "a GIMP document", kConvert},
    {0, "\0\0\1\0"sv, "an icon (ICO)", kConvert},
    {0, "icns"sv, "an icon (ICNS)", kConvert},
    {0, "\x76\x2f\x31\1"sv, "an OpenEXR picture", kConvert},
    {0, "#?RADIANCE"sv, "a Radiance HDR picture", kConvert},
    {0, "qoif"sv, "a QOI picture", kConvert},
    {0, "FLIF"sv, "a FLIF picture", kConvert},
    {0, "BPG\xfb"sv, "a BPG picture", kConvert},
    {0, "DDS "sv, "a DDS texture", kConvert},
    {0, "\x8aMNG"sv, "an MNG animation", kConvert},
    {0, "\x8bJNG"sv, "a JNG picture", kConvert},
    {0, "AT&TFORM"sv, "a DjVu document", kConvert},
    {0, "%PDF"sv, "a PDF document", kConvert},
    {0, "%!PS"sv, "a PostScript document", kConvert},
    {128, "DICM"sv, "a DICOM picture", kConvert},
    {0, "\x89PNG"sv, "a PNG that was changed on its way, as text is between systems", "; copy it anew, as binary"},
    {0, "PK\3\4"sv, "a ZIP archive", kUnpack},
    {0, "\x1f\x8b"sv, "a gzip archive", kUnpack},
    {0, "BZh"sv, "a bzip2 archive", kUnpack},
    {0,
     "\xfd"
     "7zXZ"sv,
     "an xz archive", kUnpack},
    {0, "\x28\xb5\x2f\xfd"sv, "a Zstandard archive", kUnpack},
    {0, "7z\xbc\xaf"sv, "a 7-Zip archive", kUnpack},
    {0, "Rar!"sv, "a RAR archive", kUnpack},
    {257, "ustar"sv, "a tar archive", kUnpack},
    {0, "\0\5\x16\7"sv, "what macOS keeps beside a file (AppleDouble), not the picture", kNoPicture},
    {0, "\x93NUMPY"sv, "a NumPy array", kNoPicture},
    {0, "\x89HDF"sv, "an HDF5 file", kNoPicture},
    {0, "\x1a\x45\xdf\xa3"sv, "a video (Matroska or WebM)", kNoPicture},
    {8, "AVI "sv, "a video (AVI)", kNoPicture},
    {0,
     "\x7f"
     "ELF"sv,
     "a program", kNoPicture},
    {0, "SQLite format"sv, "a database", kNoPicture}};

std::string_view file_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool has_at(std::string_view file, size_t at, std::string_view bytes) {
  return file.size() >= at && file.substr(at, bytes.size()) == bytes;
}

// ISO base media files (ISO/IEC 14496-12) name the brands that can read them: the major one, its version, others.
std::string of_brands(std::string_view file) {
  const std::string_view box = file.substr(0, std::min<size_t>(file.size(), static_cast<unsigned char>(file[3])));
  const auto has = [&](std::initializer_list<std::string_view> brands) {
    for (size_t at = 8; at + 4 <= box.size(); at += at == 8 ? 8 : 4)
      if (std::find(brands.begin(), brands.end(), box.substr(at, 4)) != brands.end()) return true;
    return false;
  };
  if (has({"avif", "avis"})) return std::string("is an AVIF picture") + kConvert;
  if (has({"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "mif2"}))
    return std::string("is a HEIF picture (HEIC), as phones write them") + kConvert;
  if (has({"crx "})) return std::string("is a camera's raw file (CR3)") + kRaw;
  return std::string("is a video (MP4 or QuickTime)") + kNoPicture;
}

bool is_bitmap(std::string_view file) {
  constexpr std::string_view kHeaders = "\x0c\x28\x34\x38\x40\x6c\x7c";  // sizes of the headers that there have been
  return has_at(file, 0, "BM") && file.size() > 18 && kHeaders.find(file[14]) != std::string_view::npos &&
         file.substr(15, 3) == "\0\0\0"sv;
}

bool is_pnm(std::string_view file) {
  return file.size() > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '7' &&
         std::isspace(static_cast<unsigned char>(file[2])) != 0;
}

// Whether the beginning could stand in a text file.
bool is_text(std::string_view begin) {
  for (size_t at = 0; at < begin.size();) {
    const size_t bytes = utf8_character(begin, at);
    const auto first = static_cast<unsigned char>(begin[at]);
    if (bytes == 0 && at + 4 < begin.size()) return false;  // a character may be cut off at the end
    if (first < ' ' && std::isspace(first) == 0) return false;
    at += std::max<size_t>(bytes, 1);
  }
  return true;
}

std::string of_text(std::string_view begin) {
  if (has_at(begin, 0, "version https://git-lfs"))
    return "is a pointer of Git LFS, not the picture itself; `git lfs pull` fetches it";
  std::string small(begin.substr(has_at(begin, 0, "\xef\xbb\xbf") ? 3 : 0));
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  small.erase(0, std::min(small.size(), small.find_first_not_of(" \t\r\n")));
  if (small.starts_with("<") && small.find("<svg") != std::string::npos)
    return std::string("is an SVG drawing") + kConvert;
  for (const char* page : {"<!doctype html", "<html", "<head", "<body"}) {
    if (small.starts_with("<") && small.find(page) != std::string::npos)
      return "is a web page (HTML), not the picture: a download that went wrong; fetch it anew";
  }
  if (small.starts_with("<?xml") || small.starts_with("<!--")) return std::string("is an XML file") + kNoPicture;
  return "is neither a PNG nor a JPEG file, but text";
}

}  // namespace

PictureFormat picture_format(std::span<const std::byte> bytes) {
  const std::string_view file = file_text(bytes);
  if (has_at(file, 0, "\x89PNG\r\n\x1a\n")) return PictureFormat::png;
  return has_at(file, 0, "\xff\xd8\xff") ? PictureFormat::jpeg : PictureFormat::other;
}

std::string what_it_is(std::span<const std::byte> bytes) {
  const std::string_view file = file_text(bytes), begin = file.substr(0, 1024);
  if (file.size() >= 12 && file.substr(4, 4) == "ftyp") return of_brands(file);
  if (is_bitmap(file)) return std::string("is a BMP picture") + kConvert;
  if (is_pnm(file)) return std::string("is a PNM picture") + kConvert;
  for (const Signature& signature : kSignatures)
    if (has_at(file, signature.at, signature.bytes)) return fmt::format("is {}{}", signature.what, signature.advice);
  if (begin.find_first_not_of('\0') == std::string_view::npos)
    return "is neither a PNG nor a JPEG file: it begins with zeros, as after a copy that failed";
  return is_text(begin) ? of_text(begin) : "is neither a PNG nor a JPEG file";
}

}  // namespace phosphene
