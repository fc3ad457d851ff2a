// Small pictures of a run, a hundred to a sheet, so that a page of thousands loads some dozens of files: FOLDER/thumbnails/HASH.jpg. A
// sheet holds a hundred pictures that follow each other, and its name says which, so that it is made once, the same whoever makes it
// and when, and processes that make sheets at the same time never show one's pictures under the other's names. index.json says what is on
// each. Pictures that come in between change the sheets behind them.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace phosphene {

inline constexpr int64_t kThumbnailSide = 160;    // pixels: of a cell, which holds a picture in its middle
inline constexpr int64_t kThumbnailsAcross = 10;  // and as many down, at most

struct PictureToShrink {
  std::string name;
  std::string file;   // its path in the folder
  std::string stamp;  // another stamp: another picture
};

struct ThumbnailSheet {
  std::string file;  // its path in the folder
  int64_t width = 0, height = 0;
};

struct Thumbnail {
  size_t sheet = 0, cell = 0;  // cells are counted along the rows
  int64_t width = 0, height = 0;
};

struct Thumbnails {
  std::vector<ThumbnailSheet> sheets;
  std::unordered_map<std::string, Thumbnail> pictures;  // by name; one that cannot be read has none
};

// Makes what is missing. Where the folder cannot be written, or the process is asked to stop, what there is has to do.
Thumbnails make_thumbnails(const std::string& folder, const std::vector<PictureToShrink>& pictures);

}  // namespace phosphene
