#include "experiment/pages/thumbnails.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <unordered_set>

#include "experiment/photos/jpeg_file.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/file_names.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr size_t kOnASheet = kThumbnailsAcross * kThumbnailsAcross;

struct Cell {
  std::string name, stamp;
  int64_t width = 0, height = 0;
};

struct Sheet {
  std::string file;  // in the folder of thumbnails
  std::vector<Cell> cells;
};

// ---- the index ----

Json index_json(const std::vector<Sheet>& sheets) {
  Json list = Json::array();
  for (const Sheet& sheet : sheets) {
    Json cells = Json::array();
    for (const Cell& cell : sheet.cells) cells.push_back({cell.name, cell.stamp, cell.width, cell.height});
    list.push_back({{"file", sheet.file}, {"pictures", cells}});
  }
  return {{"side", kThumbnailSide}, {"across", kThumbnailsAcross}, {"sheets", list}};
}

// None of a file that is missing, of another layout, or broken: sheets can be made again.
std::vector<Sheet> read_index(const std::string& path) {
  std::vector<Sheet> sheets;
  if (!fs::exists(path)) return sheets;
  try {
    const Json index = read_json(path);
    if (index.at("side") != kThumbnailSide || index.at("across") != kThumbnailsAcross) return {};
    for (const Json& one : index.at("sheets")) {
      sheets.push_back({one.at("file"), {}});
      for (const Json& cell : one.at("pictures"))
        sheets.back().cells.push_back({cell.at(0), cell.at(1), cell.at(2), cell.at(3)});
    }
  } catch (const Error&) {
    return {};
  } catch (const Json::exception&) {
    return {};
  }
  return sheets;
}

// ---- one sheet ----

ThumbnailSheet shape_of(const Sheet& sheet) {
  const auto count = std::ssize(sheet.cells);
  const int64_t down = (count + kThumbnailsAcross - 1) / kThumbnailsAcross;
  return {"thumbnails/" + sheet.file, std::min<int64_t>(count, kThumbnailsAcross) * kThumbnailSide,
          down * kThumbnailSide};
}

Photo shrunk(const Photo& photo) {
  const int64_t longer = std::max(photo.height, photo.width);
  if (longer <= kThumbnailSide) return photo;
  const auto side = [&](int64_t length) {
    return std::max<int64_t>(1, (length * kThumbnailSide + longer / 2) / longer);
  };
  return to_photo(resize_whole(photo, side(photo.height), side(photo.width)));
}

void paste_cell(const Photo& small, size_t cell, Photo& sheet) {
  const auto across = static_cast<int64_t>(cell) % kThumbnailsAcross,
             down = static_cast<int64_t>(cell) / kThumbnailsAcross;
  const int64_t left = across * kThumbnailSide + (kThumbnailSide - small.width) / 2;
  const int64_t top = down * kThumbnailSide + (kThumbnailSide - small.height) / 2;
  for (int64_t y = 0; y < small.height; ++y)
    std::memcpy(sheet.rgb.data() + ((top + y) * sheet.width + left) * 3, small.rgb.data() + y * small.width * 3,
                static_cast<size_t>(small.width) * 3);
}

using Chunk = std::span<const PictureToShrink>;

// Of what is wanted on it, readable or not.
std::string sheet_name(Chunk pictures) {
  std::string all;
  for (const PictureToShrink& picture : pictures) all += picture.name + '\n' + picture.stamp + '\n';
  return short_hash(all) + short_hash("again" + all) + ".jpg";
}

// Writes the sheet of these pictures; those that cannot be read are left out.
Sheet make_sheet(const std::string& folder, Chunk pictures) {
  Sheet sheet{sheet_name(pictures), {}};
  std::vector<Photo> small;
  for (const PictureToShrink& picture : pictures) {
    stop_if_requested();
    try {
      small.push_back(shrunk(read_photo(folder + "/" + picture.file)));
    } catch (const Error& error) {
      if (error.blame() != Blame::user) throw;
      continue;
    }
    sheet.cells.push_back({picture.name, picture.stamp, small.back().width, small.back().height});
  }
  if (small.empty()) return sheet;
  const ThumbnailSheet shape = shape_of(sheet);
  Photo pixels{shape.height, shape.width, std::vector<uint8_t>(static_cast<size_t>(shape.height * shape.width * 3))};
  for (size_t cell = 0; cell < small.size(); ++cell) paste_cell(small[cell], cell, pixels);
  write_jpeg(folder + "/" + shape.file, pixels);
  return sheet;
}

// ---- all of them ----

class SheetMaker {
 public:
  SheetMaker(const std::string& folder, const std::vector<PictureToShrink>& pictures)
      : folder_(folder), place_(folder + "/thumbnails"), pictures_(pictures) {
    for (Sheet& sheet : read_index(place_ + "/index.json"))
      if (fs::exists(place_ + "/" + sheet.file)) known_[sheet.file] = std::move(sheet);
  }

  Thumbnails make() {
    for (size_t first = 0; first < pictures_.size(); first += kOnASheet)
      take(Chunk(pictures_).subspan(first, std::min(kOnASheet, pictures_.size() - first)));
    if (made_ && may_make_) finish();
    return result();
  }

 private:
  // The sheet that is there, or a new one.
  void take(Chunk pictures) {
    const auto found = known_.find(sheet_name(pictures));
    if (found != known_.end()) {
      sheets_.push_back(found->second);
      return;
    }
    try {
      if (may_make_) add(pictures);
    } catch (const Stopped&) {  // what there is has to do for the page
      may_make_ = false;
    } catch (const Error& error) {
      if (error.blame() != Blame::user) throw;
      may_make_ = false;
    }
  }

  void add(Chunk pictures) {
    if (!made_) {
      make_folder(place_);
      remove_leftovers(place_);
    }
    made_ = true;
    Sheet sheet = make_sheet(folder_, pictures);
    if (sheet.cells.empty()) return;
    sheets_.push_back(std::move(sheet));
    write_index();
  }

  void write_index() const { write_file(place_ + "/index.json", json_text(index_json(sheets_)) + "\n"); }

  void finish() const {
    try {
      write_index();
    } catch (const Error& error) {
      if (error.blame() != Blame::user) throw;
    }
    remove_others();
  }

  void remove_others() const {
    std::unordered_set<std::string> ours;
    for (const Sheet& sheet : sheets_) ours.insert(sheet.file);
    for (const fs::directory_entry& entry : fs::directory_iterator(place_)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".jpg") || ours.contains(name)) continue;
      std::error_code ignored;
      fs::remove(entry.path(), ignored);
    }
  }

  [[nodiscard]] Thumbnails result() const {
    Thumbnails thumbnails;
    for (const Sheet& sheet : sheets_) {
      for (size_t cell = 0; cell < sheet.cells.size(); ++cell)
        thumbnails.pictures[sheet.cells[cell].name] = {thumbnails.sheets.size(), cell, sheet.cells[cell].width,
                                                       sheet.cells[cell].height};
      thumbnails.sheets.push_back(shape_of(sheet));
    }
    return thumbnails;
  }

  const std::string& folder_;
  std::string place_;  // of the sheets
  const std::vector<PictureToShrink>& pictures_;
  std::unordered_map<std::string, Sheet> known_;  // by file: made before
  std::vector<Sheet> sheets_;                     // in the order of the pictures
  bool made_ = false, may_make_ = true;
};

}  // namespace

Thumbnails make_thumbnails(const std::string& folder, const std::vector<PictureToShrink>& pictures) {
  return SheetMaker(folder, pictures).make();
}

}  // namespace phosphene
