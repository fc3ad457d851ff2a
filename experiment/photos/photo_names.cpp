#include "experiment/photos/photo_names.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

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

}  // namespace phosphene
