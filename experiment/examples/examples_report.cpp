#include "experiment/examples/examples_report.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/pages/examples_page.h"
#include "experiment/pages/page.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "experiment/run/run_folder.h"
#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kCropSide = 256;

struct Crop {
  std::string photograph, picture;
  Box box;
};

// By photograph, so that each is read once.
std::vector<Crop> crops_of(const Json& index) {
  std::vector<Crop> crops;
  for (const Json& unit : index.at("units")) {
    for (const char* kind : {"highest", "median", "below_zero", "lowest"}) {
      for (const Json& example : unit.at(kind)) {
        const auto box = example.at("crop").get<std::array<int64_t, 4>>();
        crops.push_back({example.at("photograph"), example.at("picture"), {box[1], box[0], box[3], box[2]}});
      }
    }
  }
  std::stable_sort(crops.begin(), crops.end(),
                   [](const Crop& a, const Crop& b) { return a.photograph < b.photograph; });
  return crops;
}

Photo cut_out(const Photo& photo, const Box& box) {
  Photo cut{box.height, box.width, {}};
  for (int64_t y = box.top; y < box.top + box.height; ++y) {
    const uint8_t* row = photo.rgb.data() + (y * photo.width + box.left) * 3;
    cut.rgb.insert(cut.rgb.end(), row, row + box.width * 3);
  }
  const int64_t longer = std::max(box.height, box.width);
  if (longer <= kCropSide) return cut;
  const auto shrunk = [&](int64_t side) { return std::max<int64_t>(1, side * kCropSide / longer); };
  return to_photo(resize_whole(cut, shrunk(box.height), shrunk(box.width)));
}

// What `box` asks of a photograph that may have been exchanged since.
bool holds(const Photo& photo, const Box& box) {
  return box.top + box.height <= photo.height && box.left + box.width <= photo.width;
}

void write_crops_of(const Photo& photo, std::span<const Crop> crops, const std::string& out) {
  for (const Crop& crop : crops) {
    if (!holds(photo, crop.box)) fail(crop.photograph, "has changed its size since the search");
    write_jpeg(out + "/" + crop.picture, cut_out(photo, crop.box));
  }
}

// The one unit that a record's picture was made for, of this layer; or -1.
int64_t unit_of(const Json& record, const Model& model, const std::string& layer) {
  const Json terms = record.value("terms", Json::array());
  if (terms.size() != 1) return -1;
  for (const char* kind : {"channel", "neuron"}) {
    if (!terms[0].contains(kind)) continue;
    const Json& term = terms[0][kind];
    return model.resolve(term.at("layer")) == layer ? term.at("unit").get<int64_t>() : -1;
  }
  return -1;
}

}  // namespace

bool write_crops(const Json& index, const PhotoFolder& photographs, const ExamplesOptions& options) {
  make_folder(options.out + "/crops");
  const std::vector<Crop> crops = crops_of(index);
  const auto start = std::chrono::steady_clock::now();
  for (size_t begin = 0, end = 0; begin < crops.size(); begin = end) {
    if (options.stop != nullptr && options.stop->load()) return false;
    while (end < crops.size() && crops[end].photograph == crops[begin].photograph) ++end;
    const std::string& name = crops[begin].photograph;
    std::optional<Photo> photo;
    try {
      photo = read_photo(photographs.file(name));
    } catch (const Error& error) {
      if (options.progress != nullptr) options.progress->on_message(fmt::format("no crops of {}", error.what()));
    }
    if (photo) write_crops_of(*photo, {crops.data() + begin, end - begin}, options.out);
    if (options.progress == nullptr || !options.progress->due()) continue;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    options.progress->on_status(fmt::format("{}/{} crops  {}", end, crops.size(), printable(name)),
                                seconds / static_cast<double>(end) * static_cast<double>(crops.size() - end));
  }
  return true;
}

Json rendered_pictures(const std::string& run_folder, const Model& model, const UnitResponses& responses) {
  Json pictures = Json::array();
  if (run_folder.empty()) return pictures;
  if (!fs::exists(run_folder + "/config.json") || !fs::is_directory(run_folder + "/records"))
    fail(run_folder, "is not a run folder; expected the --out of phosphene render");
  const std::string made_with = read_json(run_folder + "/config.json").value("model", "");
  if (made_with != model.name) fail(run_folder, "shows units of '{}', not of '{}'", made_with, model.name);
  for (const Json& record : read_records(run_folder, false)) {
    try {
      const int64_t unit = unit_of(record, model, responses.layer());
      if (std::find(responses.units().begin(), responses.units().end(), unit) == responses.units().end()) continue;
      pictures.push_back({{"unit", unit},
                          {"weight", record.at("terms")[0].value("weight", 1.0)},
                          {"objective", record.at("objective").get<double>()},
                          {"picture", record.at("picture").get<std::string>()}});
    } catch (const Json::exception& error) {
      fail(run_folder, "its record '{}' was not written by phosphene ({})", json_text(record), error.what());
    }
  }
  return pictures;
}

std::string write_examples_page(const std::string& out, const Json& index, const Json& rendered,
                                const std::string& run_folder) {
  Json data = index;
  data.erase("state");
  data["rendered"] = rendered;
  if (!rendered.empty()) make_folder(out + "/rendered");
  for (Json& picture : data["rendered"]) {
    const std::string from = run_folder + "/" + picture["picture"].get<std::string>();
    const std::string to = "rendered/" + fs::path(from).filename().string();
    std::error_code error;
    fs::copy_file(from, out + "/" + to, fs::copy_options::overwrite_existing, error);
    if (error) fail(from, "cannot be copied to {}/{} ({})", out, to, error.message());
    picture["picture"] = to;
  }
  std::string path = out + "/examples.html";
  write_file(path, page_with(kExamplesPage, data));
  return path;
}

}  // namespace phosphene
