#include "experiment/config/sweep.h"

#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/config/picture_names.h"
#include "experiment/config/structure.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

void name_images(std::vector<Job>& jobs) {
  PictureNames names(jobs.size());
  for (Job& job : jobs) job.names = names.next(job.config, job.values->size());
}

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

// `axes`: how many jobs the axes make of each variant.
Job job_of(const Config& config, size_t index, size_t axes) {
  Job job;
  job.index = static_cast<uint32_t>(index);
  Json json = *config.json, values = Json::object();
  std::string place = config.file, variant;
  if (!config.variants.empty()) {
    const auto& [name, keys] = config.variants[index / axes];
    json = with_variant(std::move(json), *keys);
    place += fmt::format(", variant '{}'", name);
    values["variant"] = variant = name;
  }
  size_t rest = index % axes;
  for (auto axis = config.sweep.rbegin(); axis != config.sweep.rend(); ++axis) {
    const Json& value = (*axis->second)[rest % axis->second->size()];
    rest /= axis->second->size();
    json[Json::json_pointer(axis->first)] = value;
    values[axis->first] = value;
  }
  job.values = std::make_shared<const Json>(std::move(values));
  job.config = parse_config(json, place, config.folder());
  job.config.variant = variant;
  job.structure = structure_key(job.config);
  return job;
}

}  // namespace

std::vector<Job> expand(const Config& config) {
  size_t axes = 1;
  for (const auto& [pointer, values] : config.sweep) axes *= values->size();
  const size_t count = axes * std::max<size_t>(1, config.variants.size());
  std::vector<Job> jobs;
  for (size_t index = 0; index < count; ++index) {
    stop_if_requested();
    jobs.push_back(job_of(config, index, axes));
  }
  name_images(jobs);
  return jobs;
}

}  // namespace phosphene
