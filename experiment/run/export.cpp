#include "experiment/run/export.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "experiment/pages/captions.h"
#include "experiment/photos/apng_file.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "experiment/run/run_folder.h"
#include "experiment/run/run_photographs.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

struct Picture {
  Json record;
  Caption caption;
};

std::vector<Picture> pictures_of(const std::string& folder) {
  if (!fs::exists(folder + "/config.json") || !fs::is_directory(folder + "/records"))
    fail(folder, "is not a run folder; expected the --out of phosphene render");
  const Json frozen = read_json(folder + "/config.json"), config = frozen.value("config", Json::object());
  std::vector<Picture> pictures;
  for (Json& record : read_records(folder, false)) {
    Caption caption = caption_of(record, config);
    pictures.push_back({std::move(record), std::move(caption)});
  }
  return pictures;
}

bool shows_layer(const Picture& picture, const std::string& layer) {
  const auto& units = picture.caption.units;
  return std::any_of(units.begin(), units.end(), [&](const PictureUnit& unit) { return unit.layer == layer; });
}

// ---- posters ----

void order_by_unit(std::vector<Picture>& pictures, const std::string& layer) {
  std::erase_if(pictures, [&](const Picture& picture) { return !shows_layer(picture, layer); });
  const auto number = [](const Picture& picture) { return picture.caption.units.front().number.value_or(INT64_MAX); };
  std::stable_sort(pictures.begin(), pictures.end(),
                   [&](const Picture& a, const Picture& b) { return number(a) < number(b); });
}

void paste_tile(const Photo& photo, int64_t side, int64_t left, int64_t top, Photo& poster) {
  const int64_t longer = std::max(photo.height, photo.width);
  const auto scaled = [&](int64_t length) { return std::max<int64_t>(1, (length * side + longer / 2) / longer); };
  const Photo small = to_photo(resize_whole(photo, scaled(photo.height), scaled(photo.width)));
  left += (side - small.width) / 2;
  top += (side - small.height) / 2;
  for (int64_t y = 0; y < small.height; ++y)
    std::memcpy(poster.rgb.data() + ((top + y) * poster.width + left) * 3, small.rgb.data() + y * small.width * 3,
                static_cast<size_t>(small.width) * 3);
}

// ---- films ----

constexpr int kFrame = 400, kLastFrame = 1600;  // milliseconds

// The files of a picture's frames, in a run folder.
std::vector<std::string> frames_of(const std::vector<Picture>& pictures, const Json& record) {
  std::vector<std::string> frames;
  for (const Json& snapshot : record.value("snapshots", Json::array()))
    if (snapshot.value("step", Json()) != record.value("steps", Json())) frames.push_back(snapshot.at("picture"));
  if (!frames.empty()) {
    frames.push_back(record.at("picture"));
    return frames;
  }
  for (const Picture& picture : pictures)
    if (picture.record.value("job", Json()) == record.value("job", Json()))
      frames.push_back(picture.record.at("picture"));
  return frames;
}

void write_frames(const std::string& folder, const std::vector<std::string>& files, const std::string& path) {
  std::vector<Frame> frames;
  for (const std::string& file : files) frames.push_back({folder + "/" + file, kFrame});
  frames.back().milliseconds = kLastFrame;
  write_file(path, join_pngs(frames));
}

// ---- folders of units ----

void copy_into(const std::string& from, const std::string& folder) {
  std::error_code error;
  const std::string to = folder + "/" + fs::path(from).filename().string();
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) fail(from, "cannot be copied to {} ({})", to, error.message());
}

void must_be_empty(const std::string& out) {
  std::error_code error;
  if (fs::exists(out, error) && (!fs::is_directory(out, error) || !fs::is_empty(out, error)))
    fail(out, "is not an empty folder; choose another --out");
}

// The pictures of a record, the record and a film. What unit.json says of them.
Json copy_picture(const std::string& folder, const Picture& picture, const PictureUnit& unit, const std::string& out) {
  for (const char* part : {"images", "records"}) make_folder(out + "/" + part);
  const auto name = picture.record.at("name").get<std::string>();
  std::vector<std::string> way = frames_of({}, picture.record);
  if (way.empty()) way.push_back(picture.record.at("picture"));
  for (const std::string& file : way) copy_into(folder + "/" + file, out + "/images");
  copy_into(folder + "/records/" + name + ".json", out + "/records");
  if (way.size() > 1) write_frames(folder, way, out + "/images/" + name + "_film.png");
  return {{"name", name}, {"role", unit.role}, {"heading", picture.caption.heading}, {"words", picture.caption.words}};
}

// Crops, and what is known of each.
Json copy_photographs(const std::string& folder, const std::vector<PictureUnit>& units, const std::string& out) {
  Json photographs = photographs_in(folder, units);
  for (Json& kinds : photographs) {
    make_folder(out + "/photographs");
    for (Json& list : kinds) {
      for (Json& one : list) {
        const std::string from = folder + "/" + one["picture"].get<std::string>();
        copy_into(from, out + "/photographs");
        one["picture"] = "photographs/" + fs::path(from).filename().string();
      }
    }
  }
  return photographs.empty() ? Json::object() : photographs.front();
}

}  // namespace

int64_t write_poster(const std::string& run_folder, const std::string& layer, int64_t side, const std::string& path) {
  std::vector<Picture> pictures = pictures_of(run_folder);
  if (!layer.empty()) order_by_unit(pictures, without_pre(layer));
  if (pictures.empty()) fail(run_folder, "has no finished picture{}", layer.empty() ? "" : " of a unit of " + layer);
  const int64_t count = std::ssize(pictures);
  const auto across = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const int64_t down = (count + across - 1) / across;
  Photo poster{down * side, across * side, {}};
  check_photo_size(path, poster.height, poster.width);
  poster.rgb.resize(static_cast<size_t>(poster.height * poster.width * 3));
  for (int64_t i = 0; i < count; ++i) {
    stop_if_requested();
    const auto file = pictures[static_cast<size_t>(i)].record.at("picture").get<std::string>();
    paste_tile(read_photo(run_folder + "/" + file), side, i % across * side, i / across * side, poster);
  }
  write_png(path, poster);
  return count;
}

int64_t write_film(const std::string& run_folder, const std::string& picture, const std::string& path) {
  const std::vector<Picture> pictures = pictures_of(run_folder);
  const auto found = std::find_if(pictures.begin(), pictures.end(),
                                  [&](const Picture& one) { return one.record.at("name") == picture; });
  if (found == pictures.end()) {
    std::vector<std::string> names;
    for (const Picture& one : pictures) names.push_back(one.record.at("name"));
    fail(run_folder, "has no finished picture '{}'{}; the names are those in records", picture,
         suggestion(picture, names));
  }
  const std::vector<std::string> frames = frames_of(pictures, found->record);
  if (frames.size() < 2)
    fail(picture, "is one picture without snapshots, which makes no film; render it with \"snapshots\"");
  write_frames(run_folder, frames, path);
  return std::ssize(frames);
}

int64_t write_unit(const std::string& run_folder, const std::string& unit, const std::string& out) {
  const std::vector<Picture> pictures = pictures_of(run_folder);
  const size_t colon = std::min(unit.rfind(':'), unit.size());
  const std::string key = without_pre(unit.substr(0, colon)) + unit.substr(colon);
  must_be_empty(out);
  std::vector<PictureUnit> units;
  Json told = Json::array();
  std::vector<std::string> keys;
  for (const Picture& picture : pictures) {
    for (const PictureUnit& one : picture.caption.units) {
      keys.push_back(one.key());
      if (keys.back() != key) continue;
      units.push_back(one);
      told.push_back(copy_picture(run_folder, picture, one, out));
    }
  }
  if (units.empty())
    fail(run_folder, "has no finished picture of '{}'{}; expected LAYER:UNIT", unit, suggestion(key, keys));
  const Json photographs = copy_photographs(run_folder, units, out);
  write_file(out + "/unit.json",
             json_text({{"unit", key}, {"pictures", told}, {"photographs", photographs}}, 2) + "\n");
  return std::ssize(units);
}

}  // namespace phosphene
