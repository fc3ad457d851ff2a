#include "experiment/run/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImplementations = "implementations.json";

}  // namespace

std::string first_difference(const Json& there, const Json& now) {
  const Json patch = Json::diff(there, now);
  if (patch.empty()) return "";
  const auto at = patch[0]["path"].get<std::string>();
  const Json::json_pointer pointer(at);
  const auto value = [&](const Json& json) { return json.contains(pointer) ? json_text(json[pointer]) : "nothing"; };
  return fmt::format("{} is {} there and {} now", at, value(there), value(now));
}

RunFolder::RunFolder(std::string path, const Json& frozen) : path_(std::move(path)) {
  const std::string config = file("config.json");
  if (fs::exists(config)) {
    const Json there = read_json(config);
    if (!there.contains("config")) fail(config, "is not the configuration of a run; choose another folder");
    const std::string difference = first_difference(there["config"], frozen.at("config"));
    if (!difference.empty()) fail(path_, "holds another experiment: {}; choose another folder", difference);
  } else if (fs::exists(path_) && (!fs::is_directory(path_) || !fs::is_empty(path_))) {
    fail(path_, "is not empty and is not a run folder; choose another one");
  }
  for (const char* folder : {"images", "records"}) make_folder(file(folder));
  if (!fs::exists(config)) write_file(config, json_text(frozen, 2) + "\n");
}

bool RunFolder::finished(const std::string& name) const {
  return fs::exists(file("records/" + name + ".json")) || fs::exists(file("records/" + name + ".stopped.json"));
}

void RunFolder::write_record(const std::string& name, const Json& record) const {
  write_file(file("records/" + name + ".json"), json_text(record, 2) + "\n");
}

void RunFolder::write_stopped(const std::string& name, const std::string& reason, int64_t step) const {
  write_file(file("records/" + name + ".stopped.json"),
             json_text({{"name", name}, {"reason", reason}, {"step", step}}, 2) + "\n");
}

void RunFolder::write_implementations(const ImplementationChoices& choices) const {
  write_file(file(kImplementations), json_text(Json(choices), 2) + "\n");
}

DeviceOptions device_for(const std::string& path, DeviceOptions device) {
  const std::string made = path + "/" + kImplementations, config = path + "/config.json";
  if (!fs::exists(config)) return device;
  const Json frozen = read_json(config);
  // A folder from before the field was there has choices, which only an autotuned run makes.
  const bool autotuned =
      (frozen.is_object() && frozen.contains("autotuned") && frozen["autotuned"] == true) || fs::exists(made);
  if (autotuned != device.autotune)
    fail(path, "holds a run that was started {} --autotune; continue it the same way, or choose another folder",
         autotuned ? "with" : "without");
  if (!fs::exists(made)) return device;  // none, or stopped before anything was rendered
  const Json choices = read_json(made);
  for (const auto& [problem, implementation] : choices.items()) {
    if (!implementation.is_string()) fail(made, "'{}' has no implementation's name", problem);
    device.choices[problem] = implementation.get<std::string>();
  }
  return device;
}

std::vector<Json> read_records(const std::string& folder, bool stopped) {
  std::vector<Json> records;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder + "/records")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && name.ends_with(".stopped.json") == stopped)
      records.push_back(read_json(entry.path().string()));
  }
  std::sort(records.begin(), records.end(), [](const Json& a, const Json& b) {
    const auto key = [](const Json& record) {
      return std::tuple(record.value("job", int64_t{0}), record.value("image", int64_t{0}),
                        record.value("name", std::string()));
    };
    return key(a) < key(b);
  });
  return records;
}

void RunFolder::append_timing(const Json& line) const { append_to_file(file("timing.jsonl"), json_text(line) + "\n"); }

}  // namespace phosphene
