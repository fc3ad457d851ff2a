// Names in JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "loaders/json_reader.h"
#include "loaders/label_formats.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr int64_t kMostClasses = 1 << 24;

// {"0": "tench"}, or {"0": ["n01440764", "tench"]}.
Labels labels_by_index(const JsonReader& json) {
  std::vector<std::optional<int64_t>> indices;
  for (const std::string& key : json.keys()) indices.push_back(whole_number(key));
  std::sort(indices.begin(), indices.end());
  const std::optional<int64_t> base = base_of(indices);
  if (!base.has_value())
    json.refuse(
        "expected the indices of all classes from 0 or 1 on as keys, without gaps; the least is {}, the largest {}, "
        "of {} keys",
        indices.front().value_or(0), indices.back().value_or(0), indices.size());
  Labels labels;
  size_t with_synset = 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    const JsonReader value = json.at(std::to_string(*base + static_cast<int64_t>(i)));
    if (value.is_array() && value.size() == 2 && is_synset(value.at(0).string())) {
      labels.names.push_back(value.at(1).text());
      ++with_synset;
    } else {
      labels.names.push_back(value.text());
    }
  }
  labels.dropped.push_back(index_column(*base));
  if (with_synset > 0) labels.dropped.emplace_back("a synset column");
  return labels;
}

// {"tench": 0}
Labels labels_by_name(const JsonReader& json) {
  const std::vector<std::string> names = json.keys();
  std::vector<std::pair<int64_t, std::string>> pairs;
  for (const std::string& name : names) pairs.emplace_back(json.at(name).integer(0, kMostClasses), name);
  std::sort(pairs.begin(), pairs.end());
  std::vector<std::optional<int64_t>> indices;
  for (const auto& [index, name] : pairs) indices.emplace_back(index);
  const std::optional<int64_t> base = base_of(indices);
  for (size_t i = 1; i < pairs.size(); ++i) {
    if (pairs[i].first == pairs[i - 1].first)
      json.refuse("'{}' and '{}' have the same index {}", pairs[i - 1].second, pairs[i].second, pairs[i].first);
  }
  if (!base.has_value()) json.refuse("expected the indices of all classes from 0 or 1 on, without gaps");
  Labels labels;
  for (auto& [index, name] : pairs) labels.names.push_back(std::move(name));
  labels.dropped.push_back(index_column(*base));
  return labels;
}

Labels labels_of_object(const JsonReader& json) {
  const std::vector<std::string> keys = json.keys();
  if (json.has("id2label")) {
    Labels labels = labels_by_index(json.at("id2label"));
    const auto placeholder = [&](size_t i) { return labels.names[i] == fmt::format("LABEL_{}", i); };
    if (placeholder(0) && placeholder(labels.names.size() - 1))
      json.at("id2label").refuse("holds LABEL_0, LABEL_1 ..., which stand for names that nobody gave");
    return labels;
  }
  const bool by_index =
      std::all_of(keys.begin(), keys.end(), [](const std::string& key) { return whole_number(key).has_value(); });
  const bool by_name = std::all_of(keys.begin(), keys.end(),
                                   [&](const std::string& key) { return json.json().at(key).is_number_integer(); });
  if (keys.empty()) json.refuse("holds no labels");
  if (by_index == by_name)
    json.refuse(
        "expected class names by index ({{\"0\": \"tench\"}}), indices by name ({{\"tench\": 0}}), or the key "
        "'id2label'; the first key is '{}'",
        printable(keys.front()));
  return by_index ? labels_by_index(json) : labels_by_name(json);
}

}  // namespace

Labels labels_of_json(const std::string& text, const std::string& place) {
  constexpr int kMaxDepth = 32;
  const size_t second = text.find_first_not_of(" \t\r\n", text.find_first_not_of(" \t\r\n") + 1);
  if (second != std::string::npos && text.find('{') < second && text[second] >= '0' && text[second] <= '9')
    fail(place, "is a dictionary of Python, not JSON: write it with json.dump");
  const Json parsed = parse_json(text, place, {.max_depth = kMaxDepth});
  const JsonReader json(parsed, place);
  if (json.is_object()) return labels_of_object(json);
  if (json.size() == 0) fail(place, "holds no labels");
  return {json.strings(), {}};
}

}  // namespace phosphene
