#include "experiment/run/run_folder.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <tuple>

#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImplementations = "implementations.json";

void write_bytes(const std::string& path, const std::string& text, const char* mode) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), mode), &std::fclose);
  if (file == nullptr) fail(path, "cannot be written ({})", std::strerror(errno));
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0) {
    fail(path, "cannot be written ({})", std::strerror(errno));
  }
}

}  // namespace

std::string as_file_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    name += c == ':' ? '-' : plain ? c : '_';
  }
  return name;
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, "cannot be made ({})", error.message());
}

std::string first_difference(const Json& there, const Json& now) {
  const Json patch = Json::diff(there, now);
  if (patch.empty()) return "";
  const auto at = patch[0]["path"].get<std::string>();
  const Json::json_pointer pointer(at);
  const auto value = [&](const Json& json) { return json.contains(pointer) ? json[pointer].dump() : "nothing"; };
  return fmt::format("{} is {} there and {} now", at, value(there), value(now));
}

void write_text(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".part";
  try {
    write_bytes(temporary, text, "wb");
  } catch (const Error&) {
    std::remove(temporary.c_str());
    throw;
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "cannot be written ({})", std::strerror(errno));
}

RunFolder::RunFolder(std::string path, const Json& frozen) : path_(std::move(path)) {
  const std::string config = file("config.json");
  if (fs::exists(config)) {
    const Json there = read_json(config);
    if (!there.contains("config")) fail(config, "is no configuration of a run; choose another folder");
    const std::string difference = first_difference(there["config"], frozen.at("config"));
    if (!difference.empty()) fail(path_, "holds another experiment: {}; choose another folder", difference);
  } else if (fs::exists(path_) && (!fs::is_directory(path_) || !fs::is_empty(path_))) {
    fail(path_, "is not empty and holds no run; choose another folder");
  }
  for (const char* folder : {"images", "records"}) make_folder(file(folder));
  if (!fs::exists(config)) write_text(config, frozen.dump(2) + "\n");
}

bool RunFolder::finished(const std::string& name) const {
  return fs::exists(file("records/" + name + ".json")) || fs::exists(file("records/" + name + ".stopped.json"));
}

void RunFolder::write_record(const std::string& name, const Json& record) const {
  write_text(file("records/" + name + ".json"), record.dump(2) + "\n");
}

void RunFolder::write_stopped(const std::string& name, const std::string& reason, int64_t step) const {
  write_text(file("records/" + name + ".stopped.json"),
             Json({{"name", name}, {"reason", reason}, {"step", step}}).dump(2) + "\n");
}

void RunFolder::write_implementations(const ImplementationChoices& choices) const {
  write_text(file(kImplementations), Json(choices).dump(2) + "\n");
}

DeviceOptions device_for(const std::string& path, DeviceOptions device) {
  const std::string made = path + "/" + kImplementations, config = path + "/config.json";
  if (!fs::exists(config)) return device;
  const Json frozen = read_json(config);
  const bool autotuned = frozen.is_object() && frozen.contains("backend") && frozen["backend"].is_string() &&
                         frozen["backend"].get<std::string>().ends_with(kAutotunedBackend);
  if (autotuned != device.autotune)
    fail(path, "holds a run that was started {} --autotune; continue it so, or choose another folder",
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

void RunFolder::append_timing(const Json& line) const { write_bytes(file("timing.jsonl"), line.dump() + "\n", "ab"); }

}  // namespace phosphene
