#include "experiment/photos/photo_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "runtime/printable.h"

namespace phosphene {
namespace {

// Of what can be read and of what is named when it is skipped.
constexpr std::string_view kPictures[] = {
    "jpg", "jpeg", "jpe", "jif",  "jfif", "png", "apng", "mpo", "webp", "heic", "heif", "hif", "avif", "gif",
    "bmp", "dib",  "tif", "tiff", "jxl",  "jp2", "j2k",  "jpx", "jpf",  "jxr",  "psd",  "svg", "ico",  "tga",
    "exr", "hdr",  "qoi", "ppm",  "pgm",  "pnm", "cr2",  "cr3", "crw",  "nef",  "nrw",  "arw", "srf",  "sr2",
    "dng", "raf",  "orf", "rw2",  "pef",  "srw", "x3f",  "raw", "3fr",  "erf",  "mrw",  "rwl", "iiq",  "kdc"};

constexpr std::string_view kDust[] = {"thumbs.db",
                                      "ehthumbs.db",
                                      "ehthumbs_vista.db",
                                      "desktop.ini",
                                      "zbthumbnail.info",
                                      "picasa.ini",
                                      "__macosx",
                                      "@eadir",
                                      "@__thumb",
                                      "@recycle",
                                      "@recently-snapshot",
                                      "@tmp",
                                      "@sharebin",
                                      "#recycle",
                                      "#snapshot",
                                      "$recycle.bin",
                                      "recycler",
                                      "recycled",
                                      "system volume information",
                                      "lost+found",
                                      "network trash folder",
                                      "temporary items"};

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return small;
}

// The byte that \xHH at `at` stands for, or -1.
int escaped_byte(std::string_view text, size_t at) {
  const auto digit = [&](size_t i) {
    const size_t found = std::string_view("0123456789abcdef").find(text[i]);
    return found == std::string_view::npos ? -1 : static_cast<int>(found);
  };
  if (at + 4 > text.size() || text.substr(at, 2) != "\\x") return -1;
  const int high = digit(at + 2), low = digit(at + 3);
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

}  // namespace

NameKind name_kind(std::string_view name) {
  name.remove_prefix(name.rfind('/') + 1);  // 0 where there is none
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return NameKind::bare;
  const std::string ending = lower(name.substr(dot + 1));
  const bool picture = std::find(std::begin(kPictures), std::end(kPictures), ending) != std::end(kPictures);
  return picture ? NameKind::photograph : NameKind::other;
}

bool is_dust(std::string_view name) {
  if (name.starts_with('.')) return true;
  const std::string small = lower(name);
  return small.starts_with("synophoto_thumb") ||
         std::find(std::begin(kDust), std::end(kDust), small) != std::end(kDust);
}

std::string name_to_text(std::string_view name) {
  std::string text;
  for (size_t at = 0; at < name.size();) {
    const size_t bytes = utf8_character(name, at);
    if (bytes == 0 || name.substr(at, 2) == "\\x")
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(name[at]));
    else
      text += name.substr(at, bytes);
    at += std::max<size_t>(bytes, 1);
  }
  return text;
}

std::string name_from_text(std::string_view text) {
  std::string name;
  for (size_t at = 0; at < text.size();) {
    const int byte = escaped_byte(text, at);
    name += byte < 0 ? text[at] : static_cast<char>(byte);
    at += byte < 0 ? 1 : 4;
  }
  return name;
}

}  // namespace phosphene
