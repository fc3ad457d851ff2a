#include "cli/default_folder.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/run/run_folder.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "runtime/file_names.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

bool holds_another(const std::string& folder, const Json& config) {
  const std::string path = folder + "/config.json";
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const Json there = read_json(path);
  return there.is_object() && there.contains("config") && !other_experiment(there, config).empty();
}

}  // namespace

std::string default_folder(const std::string& name) {
  constexpr size_t kMost = 80;  // bytes
  std::string one = name;
  std::replace_if(
      one.begin(), one.end(), [](char c) { return c == '/' || c == ':' || c == ' '; }, '_');
  return "runs/" + as_whole_file_name(as_chosen_file_name(one), kMost);
}

std::string default_run_folder(const std::string& name, const Json& config) {
  const std::string folder = default_folder(name), of_its_own = folder + "-" + short_hash(json_text(config));
  std::error_code error;
  return fs::exists(of_its_own, error) || holds_another(folder, config) ? of_its_own : folder;
}

}  // namespace phosphene
