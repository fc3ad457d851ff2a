#include "experiment/run/report_data.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "experiment/pages/captions.h"
#include "experiment/pages/power_spectrum.h"
#include "experiment/pages/setting_words.h"
#include "experiment/pages/spectrum_chart.h"
#include "experiment/pages/thumbnails.h"
#include "experiment/run/run_folder.h"
#include "experiment/run/run_photographs.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "runtime/file_names.h"

namespace phosphene {
namespace {

// ---- records ----

Json picture_json(const Json& record, const Caption& caption) {
  Json json = {{"name", record.at("name")},
               {"picture", record.at("picture")},
               {"heading", caption.heading},
               {"words", caption.words},
               {"kind", caption.kind},
               {"units", units_json(caption.units)},
               {"layer", record.value("layer", "")}};
  if (caption.subject != caption.heading) json["subject"] = caption.subject;
  for (const char* key : {"job", "image", "objective", "steps", "seed"}) json[key] = record.value(key, Json());
  json["curve"] = packed_curve(record.at("curve"));
  json["snapshots"] = record.value("snapshots", Json::array());
  if (record.contains("spectrum")) {
    const Json& spectrum = record["spectrum"];
    json["spectrum"] = {{"slope", spectrum.value("slope", Json())},
                        {"high_frequency_share", spectrum.value("high_frequency_share", Json())}};
  }
  return json;
}

// The spectra that the records hold, drawn over each other; "" where none does.
std::string chart_of(const std::vector<Json>& records) {
  std::vector<SpectrumCurve> curves;
  for (const Json& record : records) {
    if (!record.contains("spectrum")) continue;
    const Json& sweep = record.at("sweep");
    const std::string name = sweep.size() == 1 && sweep.contains("variant") ? sweep["variant"] : record.at("name");
    curves.push_back({name, spectrum_from(record["spectrum"])});
  }
  return spectrum_chart(curves);
}

// ---- axes ----

struct Axis {
  std::string pointer;
  Json values = Json::array();                     // in words
  std::unordered_map<std::string, size_t> places;  // of a value's text
};

// Writes `at` into what is shown of each record. The values of an axis are in the order of the jobs.
Json axes_of(const std::vector<Json>& records, Json& pictures) {
  std::vector<Axis> axes;
  for (const Json& record : records) {
    const Json sweep = record.value("sweep", Json::object());
    for (const auto& [pointer, value] : sweep.items()) {
      auto axis =
          std::find_if(axes.begin(), axes.end(), [key = pointer](const Axis& one) { return one.pointer == key; });
      if (axis == axes.end()) axis = axes.insert(axes.end(), {pointer, Json::array(), {}});
      if (axis->places.emplace(json_text(value), axis->places.size()).second)
        axis->values.push_back(setting_value_in_words(pointer, value));
    }
  }
  for (size_t i = 0; i < records.size(); ++i) {
    const Json sweep = records[i].value("sweep", Json::object());
    Json& at = pictures[i]["at"] = Json::array();
    for (const Axis& axis : axes)
      at.push_back(sweep.contains(axis.pointer) ? Json(axis.places.at(json_text(sweep[axis.pointer]))) : Json(-1));
  }
  Json list = Json::array();
  for (const Axis& axis : axes) list.push_back({{"name", setting_in_words(axis.pointer)}, {"values", axis.values}});
  return list;
}

// ---- thumbnails ----

// Writes `thumb` into what is shown of each record that has one.
Json sheets_for(const std::string& folder, const std::vector<Json>& records, Json& pictures) {
  std::vector<PictureToShrink> wanted;
  for (const Json& record : records)
    wanted.push_back({record.at("name"), record.at("picture"), short_hash(json_text(record))});
  const Thumbnails thumbnails = make_thumbnails(folder, wanted);
  for (Json& picture : pictures) {
    const auto found = thumbnails.pictures.find(picture["name"].get<std::string>());
    if (found == thumbnails.pictures.end()) continue;
    const Thumbnail& small = found->second;
    picture["thumb"] = {small.sheet, small.cell, small.width, small.height};
  }
  Json sheets = Json::array();
  for (const ThumbnailSheet& sheet : thumbnails.sheets)
    sheets.push_back({{"file", sheet.file},
                      {"width", sheet.width},
                      {"height", sheet.height},
                      {"side", kThumbnailSide},
                      {"across", kThumbnailsAcross}});
  return sheets;
}

// JPEGs have no alpha.
bool is_transparent(const Json& config) { return json_text(config).find("\"transparency\":") != std::string::npos; }

}  // namespace

Json packed_curve(const Json& curve) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr double kLevels = 4095;
  const auto is_point = [](const Json& point) {
    return point.is_array() && point.size() == 2 && point[0].is_number_integer() && point[1].is_number();
  };
  if (curve.size() < 2 || !std::all_of(curve.begin(), curve.end(), is_point)) return curve;
  const auto every = curve[1][0].get<int64_t>();
  double low = curve[0][1].get<double>(), high = low;
  for (size_t i = 0; i < curve.size(); ++i) {
    if (i + 1 < curve.size() && curve[i][0].get<int64_t>() != static_cast<int64_t>(i) * every) return curve;
    low = std::min(low, curve[i][1].get<double>());
    high = std::max(high, curve[i][1].get<double>());
  }
  std::string points;
  for (const Json& point : curve) {
    const double part = high > low ? (point[1].get<double>() - low) / (high - low) : 0;
    const auto level = static_cast<size_t>(std::lround(part * kLevels));
    points += {kDigits[level / 64], kDigits[level % 64]};
  }
  return {{"every", every}, {"last", curve.back()[0]}, {"low", low}, {"high", high}, {"points", points}};
}

Json report_data(const std::string& folder) {
  const Json frozen = read_json(folder + "/config.json"), config = frozen.value("config", Json::object());
  const std::vector<Json> records = read_records(folder, false);
  Json pictures = Json::array();
  std::vector<PictureUnit> units;
  for (const Json& record : records) {
    const Caption caption = caption_of(record, config);
    pictures.push_back(picture_json(record, caption));
    units.insert(units.end(), caption.units.begin(), caption.units.end());
  }
  Json data = {{"config", frozen}};
  if (records.size() <= kMostInFigure) data["axes"] = axes_of(records, pictures);
  if (records.size() > kMostWithoutThumbnails && !is_transparent(config))
    data["sheets"] = sheets_for(folder, records, pictures);
  if (Json photographs = photographs_in(folder, units); !photographs.empty()) data["photographs"] = photographs;
  data["records"] = std::move(pictures);
  data["stopped"] = read_records(folder, true);
  if (const std::string chart = chart_of(records); !chart.empty()) data["spectra"] = chart;
  return data;
}

}  // namespace phosphene
