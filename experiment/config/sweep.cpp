#include "experiment/config/sweep.h"

#include <nlohmann/json.hpp>
#include <set>

#include "experiment/config/parse_config.h"
#include "experiment/config/structure.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// The names of the objective's terms, for people: "inception_4a_output-pre_97".
std::string base_name(const Objective& objective) {
  constexpr size_t kLongEnough = 80;  // bytes
  std::string name;
  for (const TermPtr& term : objective.terms) {
    if (name.size() > kLongEnough) break;
    if (term->leads()) name += (name.empty() ? "" : "+") + term->name();
  }
  std::string clean;
  for (const char c : name) clean += c == '+' ? std::string("+") : as_file_name(std::string(1, c));
  return clean;
}

// A variant's name says enough where it has one job only.
std::string base_name(const Job& job) {
  const std::string variant = as_file_name(job.config.variant);
  if (variant.empty()) return base_name(job.config.objective);
  return job.values->size() == 1 ? variant : variant + "_" + base_name(job.config.objective);
}

void name_images(std::vector<Job>& jobs) {
  std::set<std::string> taken;
  for (Job& job : jobs) {
    std::string base = base_name(job);
    if (!taken.insert(base).second) taken.insert(base += "_job" + std::to_string(job.index));
    for (int64_t i = 0; i < job.config.image.images; ++i)
      job.names.push_back(job.config.image.images == 1 ? base : base + "_image" + std::to_string(i));
  }
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
