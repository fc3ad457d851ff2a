#include "experiment/dissection/dissection_state.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "experiment/run/run_folder.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char *kAskedKey = "asked", *kStateKey = "state";

template <class T>
void add_numbers(std::vector<NamedTensor>& tensors, const std::string& name, const std::vector<T>& numbers) {
  if (!numbers.empty()) tensors.emplace_back(name, std::as_bytes(std::span<const T>(numbers)));
}

template <class T>
std::vector<T> numbers_of(const Safetensors& file, const std::string& name) {
  if (!file.contains(name)) return {};
  const std::span<const std::byte> bytes = file.entry(name).bytes;
  if (bytes.size() % sizeof(T) != 0) fail(file.path(), "is damaged: '{}' is cut off", name);
  std::vector<T> numbers(bytes.size() / sizeof(T));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::vector<uint64_t> words_of(const std::vector<QuantileBin>& bins) {
  std::vector<uint64_t> words;
  for (const QuantileBin& bin : bins) words.insert(words.end(), {bin.upper, bin.above, bin.inside, bin.index});
  return words;
}

std::vector<QuantileBin> bins_of(const std::vector<uint64_t>& words) {
  std::vector<QuantileBin> bins;
  for (size_t i = 0; i + 3 < words.size(); i += 4)
    bins.push_back({static_cast<uint16_t>(words[i]), words[i + 1], words[i + 2], words[i + 3]});
  return bins;
}

std::string chance_name(size_t permutation) { return fmt::format("chance {}", permutation); }

Json parse_metadata(const Safetensors& file, const char* key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end())
    fail(file.path(), "does not hold the state of a dissection; choose another --out");
  Json json = parse_json(found->second, file.path(), {.whole_numbers = true});
  take_bytes_back(json);
  return json;
}

}  // namespace

DissectionState::DissectionState(const ConceptCounts& empty, size_t permutations, size_t units, size_t top_count)
    : histogram(empty.units()),
      counts(empty),
      chance(permutations, empty),
      top(units, BestExamples(BestExamples::Order::highest, top_count)) {}

Json DissectionState::to_json() const {
  Json best = Json::array();
  for (const BestExamples& of_unit : top) {
    Json list = Json::array();
    for (const Example& example : of_unit.sorted())
      list.push_back({example.photograph.name, example.response.activation});
    best.push_back(std::move(list));
  }
  return {{"reading", static_cast<int>(reading)},
          {"backend", backend},
          {"last", last},
          {"done", done},
          {"in_group", in_group},
          {"group_keys", std::to_string(group_keys)},
          {"all", all},
          {"keys", std::to_string(keys)},  // a double does not hold it
          {"all_keys", std::to_string(all_keys)},
          {"positions", positions},
          {"top", std::move(best)}};
}

void DissectionState::from_json(const Json& json) {
  reading = static_cast<Reading>(json.at("reading").get<int>());
  backend = json.at("backend").get<std::string>();
  last = json.at("last").get<std::string>();
  done = json.at("done").get<int64_t>();
  in_group = json.at("in_group").get<int64_t>();
  group_keys = std::stoull(json.at("group_keys").get<std::string>());
  all = json.at("all").get<int64_t>();
  keys = std::stoull(json.at("keys").get<std::string>());
  all_keys = std::stoull(json.at("all_keys").get<std::string>());
  positions = json.at("positions").get<uint64_t>();
  for (size_t unit = 0; unit < top.size(); ++unit)
    for (const Json& example : json.at("top").at(unit))
      top[unit].offer({example.at(0).get<std::string>(), 0, 0}, {example.at(1).get<float>()});
}

void DissectionState::write(const std::string& path, const Json& asked) const {
  std::vector<NamedTensor> tensors;
  const std::vector<uint32_t> upper = histogram.words(),
                              lower = refinement ? refinement->words() : std::vector<uint32_t>();
  const std::vector<uint64_t> bins = refinement ? words_of(refinement->bins()) : std::vector<uint64_t>();
  std::vector<std::vector<int64_t>> counted = {counts.words()};
  for (const ConceptCounts& of_permutation : chance) counted.push_back(of_permutation.words());
  add_numbers(tensors, "counts", counted.front());
  for (size_t i = 0; i < chance.size(); ++i) add_numbers(tensors, chance_name(i), counted[i + 1]);
  add_numbers(tensors, "bins", bins);
  add_numbers(tensors, "histogram", upper);
  add_numbers(tensors, "refinement", lower);
  add_numbers(tensors, "thresholds", thresholds);
  write_safetensors(path, tensors, {{kAskedKey, json_text(asked)}, {kStateKey, json_text(to_json())}});
}

void DissectionState::read(const std::string& path, const Json& asked) {
  const Safetensors file = Safetensors::open(path);
  // Both as they come out of a file: whole numbers are integers there.
  Json now = parse_json(json_text(asked), path, {.whole_numbers = true});
  take_bytes_back(now);
  const std::string difference = first_difference(parse_metadata(file, kAskedKey), now);
  if (!difference.empty())
    fail(path, "is of another dissection: {}; choose another --out, or delete it with --restart", difference);
  try {
    from_json(parse_metadata(file, kStateKey));
  } catch (const std::exception& error) {
    fail(path, "is damaged ({})", error.what());
  }
  const size_t rows = counts.units();
  histogram = ActivationHistogram::from_words(rows, numbers_of<uint32_t>(file, "histogram"), path);
  const std::vector<QuantileBin> bins = bins_of(numbers_of<uint64_t>(file, "bins"));
  thresholds = numbers_of<float>(file, "thresholds");
  const bool has_bins = reading != Reading::histogram, has_thresholds = reading >= Reading::counts;
  if (bins.size() != (has_bins ? rows : 0) || thresholds.size() != (has_thresholds ? rows : 0))
    fail(path, "is damaged: expected thresholds of {} rows", rows);
  if (has_bins) refinement = std::make_unique<QuantileRefinement>(bins);
  if (has_bins) refinement->add_words(numbers_of<uint32_t>(file, "refinement"), path);
  counts.set_words(numbers_of<int64_t>(file, "counts"), path);
  for (size_t i = 0; i < chance.size(); ++i) chance[i].set_words(numbers_of<int64_t>(file, chance_name(i)), path);
}

}  // namespace phosphene
