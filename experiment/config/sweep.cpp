#include "experiment/config/sweep.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>

#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

std::string term_name(const Term& term) {
  if (!term.factors.empty()) return fmt::format("{}+{}", term_name(term.factors[0]), term_name(term.factors[1]));
  const std::string& photo = term.vector.photo.empty() ? term.photo : term.vector.photo;
  const std::string unit = !term.label.empty()            ? term.label
                           : term.unit                    ? std::to_string(*term.unit)
                           : term.kind == TermKind::layer ? "layer"
                           : !photo.empty() ? fmt::format("like_{}", std::filesystem::path(photo).stem().string())
                                            : "direction";
  return fmt::format("{}{}_{}", term.weight < 0 ? "minus_" : "", term.layer.empty() ? "class" : term.layer, unit);
}

// What the objective's terms are, for people: "inception_4a_output-pre_97".
std::string base_name(const Config& config) {
  std::string name;
  for (const Term& term : config.objective) {
    if (name.size() > 80) break;
    if (term.leads()) name += fmt::format("{}{}", name.empty() ? "" : "+", term_name(term));
  }
  std::string clean;
  for (const char c : name) clean += c == '+' ? std::string("+") : as_file_name(std::string(1, c));
  return clean;
}

// A variant's name says enough where it has one job only.
std::string base_name(const Job& job) {
  const std::string variant = as_file_name(job.config.variant);
  if (variant.empty()) return base_name(job.config);
  return job.values.size() == 1 ? variant : variant + "_" + base_name(job.config);
}

void name_images(std::vector<Job>& jobs) {
  std::set<std::string> taken;
  for (Job& job : jobs) {
    std::string base = base_name(job);
    if (!taken.insert(base).second) taken.insert(base += "_job" + std::to_string(job.index));
    for (int64_t i = 0; i < job.config.images; ++i) {
      job.names.push_back(job.config.images == 1 ? base : base + "_image" + std::to_string(i));
    }
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
  Json json = config.json;
  std::string place = config.file, variant;
  if (!config.variants.empty()) {
    const auto& [name, keys] = config.variants[index / axes];
    json = with_variant(std::move(json), keys);
    place += fmt::format(", variant '{}'", name);
    job.values["variant"] = variant = name;
  }
  size_t rest = index % axes;
  for (auto axis = config.sweep.rbegin(); axis != config.sweep.rend(); ++axis) {
    const Json& value = axis->second[rest % axis->second.size()];
    rest /= axis->second.size();
    json[Json::json_pointer(axis->first)] = value;
    job.values[axis->first] = value;
  }
  job.config = parse_config(json, place, config.directory);
  job.config.variant = variant;
  job.structure = structure_key(job.config);
  return job;
}

// Leaves of a term what its ops are made from; the rest is in their tables.
void erase_data(Json& term) {
  term.erase("weight");
  term.erase("image");
  for (auto& [kind, body] : term.items()) {
    for (const char* data :
         {"unit", "to_unit", "decay", "row", "column", "index", "label", "vector", "power", "at", "constant"}) {
      if (body.is_object()) body.erase(data);
    }
    if (kind == "diversity") body.erase("form");
    if (kind == "product")
      for (Json& factor : body) erase_data(factor);
  }
}

}  // namespace

std::vector<Job> expand(const Config& config) {
  size_t axes = 1;
  for (const auto& [pointer, values] : config.sweep) axes *= values.size();
  const size_t count = axes * std::max<size_t>(1, config.variants.size());
  std::vector<Job> jobs;
  for (size_t index = 0; index < count; ++index) jobs.push_back(job_of(config, index, axes));
  name_images(jobs);
  return jobs;
}

std::string structure_key(const Config& config) {
  Json json = config.json;
  for (const char* data : {"seed", "version", "title", "description"}) json.erase(data);
  for (Json& term : json["objective"]) erase_data(term);
  return json.dump();
}

std::vector<std::vector<JobImage>> pack(const std::vector<Job>& jobs, int64_t capacity) {
  std::map<std::string, size_t> order;  // of structures, as they first occur
  std::vector<std::vector<size_t>> alike;
  for (size_t j = 0; j < jobs.size(); ++j) {
    const size_t at = order.try_emplace(jobs[j].structure, order.size()).first->second;
    alike.resize(order.size());
    alike[at].push_back(j);
  }
  std::vector<std::vector<JobImage>> batches;
  for (const std::vector<size_t>& some : alike) {
    batches.emplace_back();
    for (const size_t j : some) {
      const int64_t images = jobs[j].config.images;
      if (!batches.back().empty() && std::ssize(batches.back()) + images > capacity) batches.emplace_back();
      for (int64_t i = 0; i < images; ++i) batches.back().push_back({j, i});
    }
  }
  return batches;
}

}  // namespace phosphene
