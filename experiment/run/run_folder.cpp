#include "experiment/run/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "experiment/config/sweep_keys.h"
#include "experiment/run/run_inputs.h"
#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImplementations = "implementations.json";
constexpr std::string_view kRecordEnd = "}\n";
// What is there while somebody makes pictures.
constexpr std::array<const char*, 3> kTraces = {"checkpoints", "claims", "processes"};

Sweep sweep_of(const Json& config, const std::string& file) {
  if (!config.is_object() || !config.contains("sweep")) return {};
  return read_sweep(JsonReader(config["sweep"], file, "/sweep"));
}

}  // namespace

std::string other_experiment(const Json& frozen, const Json& config) {
  Json before = frozen.at("config"), after = config;
  if (before.contains("sweep") && after.contains("sweep")) {
    if (frozen.value("folder", 1) < kRunFolderVersion)
      return "its sweep is of an older version, whose jobs drew other random numbers";
    std::string missing = missing_in(sweep_of(after, "config"), sweep_of(before, "config.json"));
    if (!missing.empty()) return "/sweep is another, " + missing;
    before.erase("sweep");
    after.erase("sweep");
  }
  return first_difference(before, after);
}

std::string first_difference(const Json& there, const Json& now) {
  const Json patch = Json::diff(there, now);
  if (patch.empty()) return "";
  const auto at = patch[0]["path"].get<std::string>();
  const Json::json_pointer pointer(at);
  const auto value = [&](const Json& json) { return json.contains(pointer) ? json_text(json[pointer]) : "nothing"; };
  return fmt::format("{} is {} there and {} now", at, value(there), value(now));
}

namespace {

// What is no work of anybody's, or is just being written.
bool is_dust(const std::string& name) {
  constexpr std::array<std::string_view, 8> kDust = {".DS_Store", "Thumbs.db",  "desktop.ini", ".gitkeep",
                                                     ".keep",     ".gitignore", ".directory",  ".localized"};
  return name.starts_with("._") || is_temporary_name(name) ||
         std::find(kDust.begin(), kDust.end(), name) != kDust.end();
}

// The name of something in a folder that is none of a run's; "" where there is nothing.
std::string stranger_in(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (!is_dust(name)) return name;
  }
  if (error) fail(path, "cannot be read ({})", error.message());
  return "";
}

bool holds_run(const std::string& path) {
  std::error_code error;
  return fs::exists(path + "/config.json", error);
}

// Throws unless the run is the one that `frozen` describes.
void must_continue(const std::string& path, const Json& frozen) {
  const std::string config = path + "/config.json";
  const Json there = read_json(config);
  if (!there.is_object() || !there.contains("config"))
    fail(config, "is not the configuration of a run; choose another folder");
  const std::string difference = other_experiment(there, frozen.at("config"));
  if (!difference.empty()) fail(path, "holds another experiment: {}; choose another folder", difference);
  if (!there.contains("inputs")) return;  // of a version that did not keep them
  const std::string changed = changed_input(there["inputs"], frozen.at("inputs"));
  if (!changed.empty()) fail(path, "holds a run of other files: {}; bring it back, or choose another folder", changed);
}

// Whether a run that is continued has a sweep of more jobs now.
bool has_grown(const std::string& config, const Json& frozen) {
  const Json there = read_json(config);
  return sweep_of(there["config"], config).jobs() != sweep_of(frozen.at("config"), config).jobs();
}

}  // namespace

void check_run_folder(const std::string& path) {
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  if (error == std::errc::filename_too_long) fail(path, "cannot be made ({})", error.message());
  if (fs::is_symlink(fs::symlink_status(path, error)) && !fs::exists(there))
    fail(path, "is a link to '{}', which does not exist; make that folder, or choose another",
         fs::read_symlink(path, error).string());
  if (!fs::exists(there)) return;
  if (!fs::is_directory(there)) fail(path, "is a file, and a run needs a folder; choose another name");
  if (holds_run(path)) return;
  const std::string stranger = stranger_in(path);
  if (!stranger.empty())
    fail(path, "is not empty (it holds '{}') and is not a run folder; choose another one", stranger);
  if (access(path.c_str(), W_OK | X_OK) != 0) fail(path, "cannot be written ({})", std::strerror(errno));
}

// The config comes first: with it the folder is a run's for those who begin at the same moment.
RunFolder::RunFolder(std::string path, const Json& frozen) : path_(std::move(path)) {
  check_run_folder(path_);
  make_folder(path_);
  const std::string config = file("config.json");
  const std::string text = json_text(frozen, 2) + "\n";
  if (holds_run(path_) || !write_new_file(config, text)) {
    must_continue(path_, frozen);
    if (has_grown(config, frozen)) write_file(config, text);
  }
  for (const char* folder : {"images", "records"}) make_folder(file(folder));
  for (const char* folder : {"", "images", "records", "floats"}) remove_leftovers(file(folder));
}

bool RunFolder::writable() const { return access(path_.c_str(), W_OK | X_OK) == 0; }

bool RunFolder::has_record(const std::string& name) const {
  return file_ends_with(file("records/" + name + ".json"), kRecordEnd);
}

bool RunFolder::given_up(const std::string& name) const {
  return file_ends_with(file("records/" + name + ".stopped.json"), kRecordEnd);
}

bool RunFolder::holds_traces() const {
  return std::any_of(kTraces.begin(), kTraces.end(), [this](const char* folder) {
    std::error_code error;
    return fs::exists(file(folder), error);
  });
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
  std::error_code error;  // what is wrong with the folder is told by check_run_folder
  if (!fs::exists(config, error)) return device;
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
  const std::string config = folder + "/config.json";
  const Json frozen = read_json(config);
  // Older records say themselves which job they are of; their sweeps may hold what is refused now.
  const bool numbered = frozen.value("folder", 1) < kRunFolderVersion;
  const JobOrder order(numbered ? Sweep() : sweep_of(frozen.value("config", Json()), config));
  std::vector<Json> records;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder + "/records")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".json") || name.ends_with(".stopped.json") != stopped) continue;
    records.push_back(read_json(entry.path().string()));
    if (!numbered && records.back().contains("sweep")) records.back()["job"] = order.index_of(records.back()["sweep"]);
  }
  std::sort(records.begin(), records.end(), [](const Json& a, const Json& b) {
    const auto key = [](const Json& record) {
      return std::tuple(record.value("job", size_t{0}), record.value("image", int64_t{0}),
                        record.value("name", std::string()));
    };
    return key(a) < key(b);
  });
  return records;
}

void RunFolder::append_timing(const Json& line) const { append_to_file(file("timing.jsonl"), json_text(line) + "\n"); }

}  // namespace phosphene
