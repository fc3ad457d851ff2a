#include "experiment/jobs.h"

#include <cctype>
#include <filesystem>
#include <set>

#include "runtime/error.h"

namespace phosphene {
namespace {

std::string as_file_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    name += c == ':' ? '-' : plain ? c : '_';
  }
  return name;
}

// What the objective's terms are, for people: "inception_4a_output-pre_97".
std::string base_name(const Config& config) {
  std::string name;
  for (const Term& term : config.objective) {
    if (name.size() > 80) break;
    if (!term.leads()) continue;
    if (!name.empty()) name += '+';
    const std::string unit = !term.label.empty()            ? term.label
                             : term.unit                    ? std::to_string(*term.unit)
                             : term.kind == TermKind::layer ? "layer"
                             : !term.photo.empty() ? "like_" + std::filesystem::path(term.photo).stem().string()
                                                   : "direction";
    name += (term.weight < 0 ? "minus_" : "") + (term.layer.empty() ? "class" : term.layer) + "_" + unit;
  }
  std::string clean;
  for (const char c : name) clean += c == '+' ? std::string("+") : as_file_name(std::string(1, c));
  return clean;
}

void name_images(std::vector<Job>& jobs) {
  std::set<std::string> taken;
  for (Job& job : jobs) {
    std::string base = base_name(job.config);
    if (!taken.insert(base).second) taken.insert(base += "_job" + std::to_string(job.index));
    for (int64_t i = 0; i < job.config.images; ++i) {
      job.names.push_back(job.config.images == 1 ? base : base + "_image" + std::to_string(i));
    }
  }
}

}  // namespace

std::vector<Job> expand(const Config& config) {
  size_t count = 1;
  for (const auto& [pointer, values] : config.sweep) count *= values.size();
  std::vector<Job> jobs;
  for (size_t index = 0; index < count; ++index) {
    Job job;
    job.index = static_cast<uint32_t>(index);
    Json json = config.json;
    size_t rest = index;
    for (auto axis = config.sweep.rbegin(); axis != config.sweep.rend(); ++axis) {
      const Json& value = axis->second[rest % axis->second.size()];
      rest /= axis->second.size();
      json[Json::json_pointer(axis->first)] = value;
      job.values[axis->first] = value;
    }
    job.config = parse_config(json, config.file, config.directory);
    jobs.push_back(std::move(job));
  }
  name_images(jobs);
  return jobs;
}

std::string structure_key(const Config& config) {
  Json json = config.json;
  for (const char* data : {"seed", "version", "description"}) json.erase(data);
  for (Json& term : json["objective"]) {
    term.erase("weight");
    term.erase("image");
    for (const char* data :
         {"unit", "to_unit", "decay", "form", "row", "column", "index", "label", "vector", "power", "at", "constant"}) {
      for (auto& [kind, body] : term.items()) body.erase(data);
    }
  }
  return json.dump();
}

std::vector<std::vector<JobImage>> pack(const std::vector<Job>& jobs, int64_t capacity) {
  std::vector<std::vector<JobImage>> batches;
  std::string key;
  for (size_t j = 0; j < jobs.size(); ++j) {
    const int64_t images = jobs[j].config.images;
    std::string next = structure_key(jobs[j].config);
    const bool fits = !batches.empty() && next == key && std::ssize(batches.back()) + images <= capacity;
    if (!fits) batches.emplace_back();
    for (int64_t i = 0; i < images; ++i) batches.back().push_back({j, i});
    key = std::move(next);
  }
  return batches;
}

}  // namespace phosphene
