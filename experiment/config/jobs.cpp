#include "experiment/config/jobs.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/config/structure.h"
#include "runtime/error.h"
#include "runtime/file_names.h"

namespace phosphene {
namespace {

// The config with a variant's keys in the place of its own; null leaves a key to its default.
Json with_variant(Json json, const Json& keys) {
  for (const auto& [key, value] : keys.items()) {
    if (value.is_null()) {
      json.erase(key);
    } else {
      json[key] = value;
    }
  }
  return json;
}

// Pointer -> value, "variant" -> name.
Json values_of(const Sweep& sweep, size_t index) {
  Json values = Json::object();
  const size_t combinations = sweep.combinations();
  if (!sweep.variants.empty()) values["variant"] = sweep.variants[index / combinations].first;
  for (auto& [pointer, value] : sweep.values(index % combinations)) values[pointer] = std::move(value);
  return values;
}

Config config_with(const Config& config, const Json& values, size_t index) {
  Json json = *config.json;
  std::string place = config.file, variant;
  if (!config.sweep.variants.empty()) {
    const auto& [name, keys] = config.sweep.variants[index / config.sweep.combinations()];
    json = with_variant(std::move(json), *keys);
    place += fmt::format(", variant '{}'", name);
    variant = name;
  }
  for (const auto& [pointer, value] : values.items())
    if (pointer != "variant") json[Json::json_pointer(pointer)] = value;
  Config with = parse_config(json, place, config.folder());
  with.variant = variant;
  return with;
}

// Another value than a whole number or a text; null for others.
Json neighbour_of(const Json& value) {
  if (value.is_number_integer()) return value.get<int64_t>() + 1;
  return value.is_string() ? Json(value.get<std::string>() + "x") : Json();
}

// Whether the words of the objective say which value the key has, whatever it is: they follow it, and hold its text, of a file the stem.
// Of whole terms they are meant to say enough.
bool words_tell(const Config& config, const SweptKey& key) {
  if (!key.pointer.starts_with("/objective/")) return false;
  Json values = values_of(config.sweep, 0);
  const Json first = values[key.pointer];
  if (first.is_structured()) return true;
  const auto words_with = [&](const Json& value) {
    values[key.pointer] = value;
    return words_of(config_with(config, values, 0).objective);
  };
  const auto hold = [](const std::string& words, const Json& value) {
    const std::string text =
        value.is_string() ? std::filesystem::path(value.get<std::string>()).stem().string() : value.dump();
    return words.find(as_file_name(text)) != std::string::npos;
  };
  try {
    const Json other = neighbour_of(first);
    const std::string one = words_with(first), another = words_with(other);
    return one != another && hold(one, first) && hold(another, other);
  } catch (const Error&) {  // not a value of this key
    return false;
  }
}

// In an order that does not depend on the config's.
std::vector<std::string> untold_keys(const Config& config) {
  std::vector<std::string> untold;
  for (const SweepAxis& axis : config.sweep.axes)
    for (const SweptKey& key : axis.keys)
      if (!words_tell(config, key)) untold.push_back(key.pointer);
  std::sort(untold.begin(), untold.end());
  return untold;
}

}  // namespace

Jobs::Jobs(const Config& config) : config_(config), size_(config.sweep.jobs()), names_(untold_keys(config)) {}

Job Jobs::at(size_t index) const {
  Job job;
  job.index = index;
  Json values = values_of(config_.sweep, index);
  job.config = config_with(config_, values, index);
  job.names = names_.of(job.config, values);
  job.values = std::make_shared<const Json>(std::move(values));
  job.structure = structure_key(job.config);
  return job;
}

void Jobs::keep_apart(const Job& job) { names_.keep_apart(job.config, *job.values); }

}  // namespace phosphene
