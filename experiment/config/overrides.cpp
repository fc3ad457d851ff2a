#include "experiment/config/overrides.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/config/keys.h"
#include "experiment/photos/find_photograph.h"
#include "loaders/json_text.h"
#include "loaders/load_model.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

bool is_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_directory(status);
}

bool is_within(const std::string& pointer, const std::string& above) {
  return pointer == above || pointer.starts_with(above + "/");
}

bool holds_text(const Json& json) {
  if (json.is_string()) return true;
  return json.is_structured() && std::any_of(json.begin(), json.end(), holds_text);
}

// ---- places ----

// The pointer as JSON's library writes it, with "-" as the number of the entry that it makes.
std::string pointer_in(const Json& json, const std::string& text) {
  const Json::json_pointer given(text);
  std::vector<std::string> keys;
  for (Json::json_pointer rest = given; !rest.empty(); rest.pop_back()) keys.push_back(rest.back());
  std::reverse(keys.begin(), keys.end());
  std::string pointer;
  const Json* at = &json;
  for (const std::string& key : keys) {
    const bool appends = key == "-" && at != nullptr && at->is_array();
    pointer = pointer_to(pointer, appends ? std::to_string(at->size()) : key);
    const Json::json_pointer reached(pointer);
    at = json.contains(reached) ? &json[reached] : nullptr;
  }
  return pointer;
}

// JSON, or the text as it is. Bytes that are no UTF-8 stay what they are.
Json value_of(const std::string& text, const std::string& place) {
  constexpr int kMaxDepth = 256;
  std::optional<Json> parsed = try_parse_json(as_utf8(text), place, {.max_depth = kMaxDepth, .whole_numbers = true});
  if (!parsed) return text;
  take_bytes_back(*parsed);
  return std::move(*parsed);
}

// Applies it and returns its place.
std::string apply(Json& json, const std::string& text) {
  const size_t equals = text.find('=');
  const std::string where = fmt::format("--set {}", text);
  if (equals == std::string::npos || text[0] != '/') fail(where, "expected /json/pointer=value");
  Json value = value_of(text.substr(equals + 1), where);
  try {
    std::string pointer = pointer_in(json, text.substr(0, equals));
    json[Json::json_pointer(pointer)] = std::move(value);
    return pointer;
  } catch (const nlohmann::json::exception& error) {
    const std::string what = error.what();
    fail(where, "no such place in the config: {}", what.substr(std::min(what.size(), what.find("] ") + 2)));
  }
}

// ---- files ----

std::string folder_here() {
  std::error_code error;
  return fs::current_path(error).string();  // "" in a folder that is gone
}

// Where a file is looked for that is not in a folder that a config or a person stands in; throws where it is not either.
std::string found_elsewhere(const NamedFile& file, FileKind kind, const std::string& place) {
  if (kind == FileKind::model) return at_place(place, [&] { return find_model(file.name, file.folder); });
  return find_photograph(file, place);
}

// What the config says in place of `name`, which the command line said.
std::string from_the_command_line(const std::string& name, FileKind kind, const std::string& config_folder,
                                  const std::string& place) {
  const std::string here = folder_here();
  if (name.empty() || here.empty()) return name;
  std::string path = path_from(here, name);
  const bool has_other_places = kind == FileKind::photograph ||
                                (kind == FileKind::start && !name.ends_with(".safetensors")) ||
                                (kind == FileKind::model && !fs::path(name).has_parent_path());
  if (is_rooted(name) || is_file(path) || !has_other_places) return path;
  std::string elsewhere = found_elsewhere({name, here}, kind, place);
  return is_file(path_from(config_folder, name)) ? elsewhere : name;
}

std::string from_the_command_line_with_tensor(const std::string& name, const std::string& config_folder,
                                              const std::string& place) {
  const size_t hash = name.rfind('#');
  if (hash == std::string::npos) return name;  // is refused when it is read
  return from_the_command_line(name.substr(0, hash), FileKind::other, config_folder, place) + name.substr(hash);
}

// The files of one value of a sweep, as if the config had it.
void visit_files_of_axis(const Json& config, const std::string& axis, Json& value, const std::string& pointer,
                         const FileVisitor& visit) {
  if (!holds_text(value)) return;
  Json with_value = config;
  const Json::json_pointer at(axis);
  with_value[at] = value;
  config_format().visit_files(with_value, "", [&](Json& text, const std::string& place, FileKind kind) {
    if (is_within(place, axis)) visit(text, pointer + place.substr(axis.size()), kind);
  });
  value = with_value[at];
}

void visit_files_of_sweep(const Json& config, Json& sweep, const FileVisitor& visit) {
  const auto visit_values = [&](const std::string& axis, Json& values, const std::string& pointer) {
    if (axis.starts_with('/') && values.is_object() && values.contains("from") && values["from"].is_string())
      visit(values["from"], pointer_to(pointer, "from"), FileKind::other);
    if (!axis.starts_with('/') || !values.is_array()) return;
    for (size_t i = 0; i < values.size(); ++i)
      visit_files_of_axis(config, axis, values[i], pointer_to(pointer, std::to_string(i)), visit);
  };
  for (auto& [name, inside] : sweep.items()) {
    const std::string pointer = pointer_to("/sweep", name);
    if (name == "variants" && inside.is_object()) {
      for (auto& [variant, keys] : inside.items())
        config_format().visit_files(keys, pointer_to(pointer, variant), visit);
    } else if (name == "zip" && inside.is_object()) {
      for (auto& [axis, values] : inside.items()) visit_values(axis, values, pointer_to(pointer, axis));
    } else {
      visit_values(name, inside, pointer);
    }
  }
}

}  // namespace

void apply_override(Json& json, const std::string& text) { (void)apply(json, text); }

void visit_files_of_config(Json& config, const FileVisitor& visit) {
  config_format().visit_files(config, "", visit);
  if (!config.is_object() || !config.contains("sweep") || !config["sweep"].is_object()) return;
  Json sweep = std::move(config["sweep"]);
  config["sweep"] = Json::object();
  try {
    visit_files_of_sweep(config, sweep, visit);
  } catch (const nlohmann::json::exception&) {  // a pointer to nowhere, which reading the sweep refuses
  }
  config["sweep"] = std::move(sweep);
}

void apply_overrides(Json& json, const std::vector<std::string>& overrides, const std::string& folder,
                     const std::vector<std::string>& given) {
  std::vector<std::string> pointers = given;
  for (const std::string& text : overrides) pointers.push_back(apply(json, text));
  if (pointers.empty()) return;
  visit_files_of_config(json, [&](Json& text, const std::string& pointer, FileKind kind) {
    const bool is_given = std::any_of(pointers.begin(), pointers.end(),
                                      [&](const std::string& above) { return is_within(pointer, above); });
    if (!is_given) return;
    const auto name = text.get<std::string>();
    const std::string place = fmt::format("--set {}", pointer);
    text = kind == FileKind::tensor ? from_the_command_line_with_tensor(name, folder, place)
                                    : from_the_command_line(name, kind, folder, place);
  });
}

}  // namespace phosphene
