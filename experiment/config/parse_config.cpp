#include "experiment/config/parse_config.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/config/keys.h"
#include "experiment/config/overrides.h"
#include "experiment/config/settings_keys.h"
#include "experiment/config/sweep_keys.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// What can be saved depends on the last phase.
void check_outputs(const JsonReader& reader, const Config& config) {
  if (!config.save_spectrum || config.phase(config.phases() - 1).image.parameterization->has_spectrum()) return;
  const JsonReader outputs = reader.at("save");
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs.at(i).text() == "spectrum")
      outputs.at(i).refuse("only the Fourier parameterization has a spectrum to save");
  }
}

}  // namespace

Config parse_config(const Json& given, const std::string& file, const std::string& folder) {
  Json with_values;
  const bool sweeps = given.is_object() && given.contains("sweep");
  if (sweeps) {
    with_values = given;
    with_values["sweep"] = with_values_of_files(JsonReader(given["sweep"], file, "/sweep", folder));
  }
  const JsonReader reader(sweeps ? with_values : given, file, "", folder);
  reader.only(config_format().names());
  Config config;
  config.file = file;
  Json kept = given;
  for (const char* key : {"sweep", kSchemaKey}) kept.erase(key);
  config.json = std::make_shared<const Json>(std::move(kept));
  read_keys(heading_keys(), reader, config);
  static_cast<Settings&>(config) = read_settings(reader);
  read_keys(run_keys(), reader, config);
  check_outputs(reader, config);
  return config;
}

Config load_config(const std::string& path, const std::vector<std::string>& overrides) {
  Json json = read_json(path);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  apply_overrides(json, overrides, folder);
  return parse_config(json, path, folder);
}

}  // namespace phosphene
