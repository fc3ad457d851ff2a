#include "experiment/examples/examples_index.h"

#include "experiment/photos/photo.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "experiment/photos/photo_file.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxPhotographs = int64_t{1} << 48;

double nine_digits(float activation) { return std::strtod(fmt::format("{:.8e}", activation).c_str(), nullptr); }

// ---- writing ----

Json to_json(const Example& example, const UnitResponses& responses, size_t unit, const std::string& picture) {
  const auto& [photograph, response] = example;
  const Box crop = responses.crop(unit, example);
  return {{"photograph", photograph.name},
          {"size", {photograph.height, photograph.width}},
          {"activation", nine_digits(response.activation)},
          {"scale", responses.scales()[static_cast<size_t>(response.scale)]},
          {"tile", response.tile},
          {"position", {response.row, response.column}},
          {"crop", {crop.left, crop.top, crop.width, crop.height}},
          {"picture", picture}};
}

Json unit_to_json(const ExampleSelection& selection, const UnitResponses& responses, size_t unit) {
  const int64_t number = responses.units()[unit];
  Json json = {{"unit", number}};
  const auto append = [&](const char* kind, const std::vector<Example>& examples) {
    Json& list = json[kind] = Json::array();
    for (const Example& example : examples)
      list.push_back(
          to_json(example, responses, unit, fmt::format("crops/{}_{}_{}.jpg", number, kind, list.size() + 1)));
  };
  const UnitExamples& kept = selection.units[unit];
  append("highest", kept.highest.sorted());
  append("median", selection.sample.about_median(unit, selection.limit));
  append("below_zero", kept.below_zero.sorted());
  append("lowest", kept.lowest.sorted());
  return json;
}

Json to_json(const PhotographSample::Entry& entry) {
  Json responses = Json::array();
  for (const std::optional<Response>& response : entry.highest) {
    if (response) {
      responses.push_back(
          {nine_digits(response->activation), response->scale, response->tile, response->row, response->column});
    } else {
      responses.push_back(nullptr);
    }
  }
  return {{"photograph", entry.photograph.name},
          {"size", {entry.photograph.height, entry.photograph.width}},
          {"responses", responses}};
}

Json to_json(const PhotoFolder::LeftOut& left_out) {
  Json folders = Json::array(), unreadable = Json::array();
  for (const std::string& folder : left_out.dust_folders) folders.push_back(folder);
  for (const auto& [folder, reason] : left_out.unreadable)
    unreadable.push_back({{"folder", folder}, {"reason", reason}});
  return {{"hidden", left_out.hidden},
          {"folders", {{"count", left_out.all_dust_folders}, {"first", folders}}},
          {"same_files", left_out.same_files},
          {"same_folders", left_out.same_folders},
          {"other_files", left_out.other_files},
          {"unreadable", {{"count", left_out.all_unreadable}, {"first", unreadable}}},
          {"in_words", left_out.in_words()}};
}

// ---- reading ----

class StateReader {
 public:
  StateReader(const UnitResponses& responses, ExamplesState& state) : responses_(responses), state_(state) {}

  void read(const JsonReader& index) {
    state_.backend = index.at("backend").text();
    state_.photographs = index.at("photographs").integer(0, kMaxPhotographs);
    const JsonReader skipped = index.at("skipped");
    state_.skipped = skipped.at("count").integer(0, state_.photographs);
    for (const JsonReader& one : list(skipped.at("first"), ExamplesState::kSkippedNamed))
      state_.first_skipped.emplace_back(one.at("photograph").text(), one.at("reason").text());
    if (state_.skipped > 0) {
      const JsonReader kinds = skipped.at("kinds");
      kinds.must_be_object();
      for (const std::string& kind : kinds.keys())
        state_.skipped_kinds[kind] = kinds.at(kind).integer(1, state_.skipped);
    }
    const JsonReader units = index.at("units");
    const std::vector<JsonReader> each = list(units, responses_.units().size());
    if (each.size() != responses_.units().size())
      units.refuse("{} units instead of {}", each.size(), responses_.units().size());
    for (size_t unit = 0; unit < each.size(); ++unit) {
      UnitExamples& kept = state_.selection.units[unit];
      read_heap(each[unit].at("highest"), kept.highest);
      read_heap(each[unit].at("below_zero"), kept.below_zero);
      read_heap(each[unit].at("lowest"), kept.lowest);
    }
    read_rest(index.at("state"));
  }

 private:
  static std::vector<JsonReader> list(const JsonReader& reader, size_t most) {
    reader.must_be_array();
    if (reader.size() > most) reader.refuse("{} entries; at most {} are possible", reader.size(), most);
    std::vector<JsonReader> entries;
    for (size_t i = 0; i < reader.size(); ++i) entries.push_back(reader.at(i));
    return entries;
  }
  static std::vector<JsonReader> exactly(const JsonReader& reader, size_t count) {
    std::vector<JsonReader> entries = list(reader, count);
    if (entries.size() != count) reader.refuse("{} entries instead of {}", entries.size(), count);
    return entries;
  }
  static Photograph photograph(const JsonReader& reader) {
    const auto size = exactly(reader.at("size"), 2);
    return {reader.at("photograph").text(), size[0].integer(1, kMaxPhotoPixels), size[1].integer(1, kMaxPhotoPixels)};
  }
  static float activation(const JsonReader& reader) {
    constexpr double kMax = 3.4028235e38;
    return static_cast<float>(reader.number(-kMax, kMax));
  }
  [[nodiscard]] Response response(const JsonReader& activation_at, int64_t scale, const JsonReader& tile,
                                  const JsonReader& row, const JsonReader& column) const {
    const Shape& map = responses_.map(static_cast<size_t>(scale));
    return {activation(activation_at), static_cast<int32_t>(scale),
            static_cast<int32_t>(tile.integer(0, PhotoTiles::kMax - 1)),
            static_cast<int32_t>(row.integer(0, map.h - 1)), static_cast<int32_t>(column.integer(0, map.w - 1))};
  }
  [[nodiscard]] int64_t scale_index(const JsonReader& reader) const {
    const std::vector<double>& scales = responses_.scales();
    const auto found = std::find(scales.begin(), scales.end(), reader.number(0, 100));
    if (found == scales.end()) reader.refuse("is not one of the scales {}", fmt::join(scales, ", "));
    return found - scales.begin();
  }
  void read_heap(const JsonReader& reader, BestExamples& heap) const {
    for (const JsonReader& one : list(reader, state_.selection.limit)) {
      const auto position = exactly(one.at("position"), 2);
      heap.offer(photograph(one), response(one.at("activation"), scale_index(one.at("scale")), one.at("tile"),
                                           position[0], position[1]));
    }
  }
  void read_rest(const JsonReader& reader) {
    state_.last = reader.at("last").text();
    const JsonReader keys = reader.at("keys");
    const std::string digits = keys.text();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), state_.keys, 16);
    if (error != std::errc{} || end != digits.data() + digits.size())
      keys.refuse("'{}' is not a hexadecimal number", digits);
    for (const JsonReader& one : list(reader.at("sample"), PhotographSample::kSize)) {
      PhotographSample::Entry entry{photograph(one), {}};
      for (const JsonReader& at : exactly(one.at("responses"), responses_.units().size())) {
        if (at.json().is_null()) {
          entry.highest.emplace_back();
          continue;
        }
        const auto numbers = exactly(at, 5);
        const int64_t scale = numbers[1].integer(0, std::ssize(responses_.scales()) - 1);
        entry.highest.emplace_back(response(numbers[0], scale, numbers[2], numbers[3], numbers[4]));
      }
      state_.selection.sample.offer(std::move(entry));
    }
  }

  const UnitResponses& responses_;
  ExamplesState& state_;
};

// `list`, an entry a line.
std::string entries_in_lines(const Json& list) {
  std::string text = "[";
  for (const Json& entry : list) text += (text.size() > 1 ? ",\n  " : "\n  ") + json_text(entry);
  return text + "]";
}

}  // namespace

Json examples_request(const std::string& model, const UnitResponses& responses, int64_t per_unit) {
  return {{"model", model},
          {"layer", responses.layer()},
          {"scales", responses.scales()},
          {"per_unit", per_unit},
          {"units", responses.units()},
          {"fingerprint", fmt::format("{:016x}", responses.fingerprint())}};
}

std::string kind_of_reason(const std::string& reason) {
  std::string kind = reason.substr(0, reason.find_first_of("(;:,"));
  if (kind.starts_with("is ")) kind.erase(0, 3);
  while (kind.ends_with(' ')) kind.pop_back();
  return kind;
}

Json examples_index(const Json& request, const std::string& folder, const PhotoFolder::LeftOut& left_out,
                    const ExamplesState& state, const UnitResponses& responses) {
  Json skipped = {{"count", state.skipped}, {"kinds", Json::object()}, {"first", Json::array()}};
  for (const auto& [kind, count] : state.skipped_kinds) skipped["kinds"][kind] = count;
  for (const auto& [name, reason] : state.first_skipped)
    skipped["first"].push_back({{"photograph", name}, {"reason", reason}});
  Json units = Json::array();
  for (size_t unit = 0; unit < responses.units().size(); ++unit)
    units.push_back(unit_to_json(state.selection, responses, unit));
  Json sample = Json::array();
  for (const auto& [key, entry] : state.selection.sample.entries()) sample.push_back(to_json(entry));
  return {{"phosphene", PHOSPHENE_VERSION},
          {"backend", state.backend},
          {"asked", request},
          {"folder", folder},
          {"photographs", state.photographs},
          {"skipped", skipped},
          {"left_out", to_json(left_out)},
          {"units", units},
          {"state", {{"last", state.last}, {"keys", fmt::format("{:016x}", state.keys)}, {"sample", sample}}}};
}

std::string to_lines(const Json& index) {
  std::string text;
  for (const auto& [key, value] : index.items()) {
    text += (text.empty() ? "{" : ",\n ") + json_text(Json(key)) + ": ";
    if (key == "units") {
      text += entries_in_lines(value);
    } else if (key == "state") {
      text += fmt::format("{{\"last\": {}, \"keys\": {}, \"sample\": {}}}", json_text(value["last"]),
                          json_text(value["keys"]), entries_in_lines(value["sample"]));
    } else {
      text += json_text(value);
    }
  }
  return text + "}\n";
}

void read_state(const Json& index, const std::string& file, const UnitResponses& responses, ExamplesState& state) {
  StateReader(responses, state).read(JsonReader(index, file));
}

}  // namespace phosphene
