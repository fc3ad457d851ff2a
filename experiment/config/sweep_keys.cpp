#include "experiment/config/sweep_keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "experiment/objective/term.h"
#include "loaders/json_text.h"
#include "loaders/named_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxValue = 1 << 24;  // of either sign
constexpr const char* kAllUnits = "all";

class SweepFormat final : public Format {
 public:
  explicit SweepFormat(std::vector<std::string> (*of_the_run)()) : of_the_run_(of_the_run) {}

  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_object(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override {
    return "an object: JSON pointers with a list of values, an object with the key range, `[first, end, step]`, or "
           "from, a "
           "JSON file that holds the list, or with the word all, the units of a layer; zip, with such pointers, whose "
           "values change together; and variants with named settings";
  }
  [[nodiscard]] std::string example() const override { return R"({"/objective/0/channel/unit": {"range": [0, 16]}})"; }

 private:
  std::vector<std::string> (*of_the_run_)();
};

Json SweepFormat::schema() const {
  const Json whole = {{"type", "integer"}, {"minimum", -kMaxValue}, {"maximum", kMaxValue}};
  const Json step = {{"type", "integer"}, {"minimum", 1}, {"maximum", kMaxValue}};
  const Json range = {{"description", "[first, end] or [first, end, step], without the end."},
                      {"type", "array"},
                      {"minItems", 2},
                      {"maxItems", 3},
                      {"prefixItems", {whole, whole, step}}};
  const Json variants = {
      {"description",
       "Named settings: each one's keys replace this file's, null leaves a key to its default. "
       "Pictures have the names."},
      {"type", "object"},
      {"minProperties", 1},
      {"propertyNames", {{"minLength", 1}}},
      {"additionalProperties", {{"type", "object"}, {"propertyNames", {{"not", {{"enum", of_the_run_()}}}}}}}};
  const Json values = {
      {"anyOf",
       {{{"description", "Values."}, {"type", "array"}, {"minItems", 1}, {"uniqueItems", true}},
        {{"description", "Every unit of the layer; of each, where the layer is swept over too."}, {"const", kAllUnits}},
        {{"type", "object"},
         {"required", {"range"}},
         {"additionalProperties", false},
         {"properties", {{"range", range}}}},
        {{"type", "object"},
         {"required", {"from"}},
         {"additionalProperties", false},
         {"properties",
          {{"from", {{"description", "A JSON file that holds the list of values."}, {"type", "string"}}}}}}}}};
  Json zipped = values;
  zipped["anyOf"][0].erase("uniqueItems");
  zipped["anyOf"].erase(1);
  const Json zip = {{"description", "Keys whose values change together: the first of each, the second of each, ..."},
                    {"type", "object"},
                    {"minProperties", 1},
                    {"propertyNames", {{"pattern", "^/"}}},
                    {"additionalProperties", zipped}};
  return {{"type", "object"},
          {"propertyNames", {{"pattern", "^(/|zip$|variants$)"}}},
          {"properties", {{"variants", variants}, {"zip", zip}}},
          {"additionalProperties", values}};
}

SweptKey read_range(const JsonReader& range) {
  range.must_be_array();
  if (range.size() != 2 && range.size() != 3) range.refuse("expected [first, end] or [first, end, step]");
  SweptKey key;
  key.first = range.at(0).integer(-kMaxValue, kMaxValue);
  const int64_t end = range.at(1).integer(-kMaxValue, kMaxValue);
  key.step = range.size() == 3 ? range.at(2).integer(1, kMaxValue) : 1;
  key.count = (std::max(end, key.first) - key.first + key.step - 1) / key.step;
  if (key.size() > kMaxJobs) range.refuse("expected at most {} jobs", kMaxJobs);
  return key;
}

// Units are a layer's: the key beside them says which.
SweptKey read_all(const JsonReader& reader, const std::string& pointer) {
  (void)reader.word({kAllUnits});
  if (!pointer.ends_with("/unit"))
    reader.refuse("expected values for '{}'; '{}' is for units only", pointer, kAllUnits);
  SweptKey key;
  key.all = true;
  key.count = kMaxUnits;
  return key;
}

SweptKey read_values(const JsonReader& reader, const std::string& pointer) {
  SweptKey key;
  if (reader.is_array()) {
    key.list = std::make_shared<const Json>(reader.json());
  } else if (reader.is_string()) {
    key = read_all(reader, pointer);
  } else {
    key = read_range(reader.only({"range", "from"}).at("range"));
  }
  key.pointer = pointer;
  if (key.size() == 0) reader.refuse("expected at least one value to sweep over");
  return key;
}

// Two jobs of the same values would be the same pictures.
void check_distinct(const JsonReader& reader, const SweepAxis& axis) {
  if (axis.keys.front().list == nullptr) return;
  std::unordered_set<std::string> known;
  for (size_t i = 0; i < axis.size(); ++i) {
    std::string row;
    for (const SweptKey& key : axis.keys) row += json_text(key.at(i)) + "\n";
    if (known.insert(std::move(row)).second) continue;
    if (axis.keys.size() == 1) reader.at(i).refuse("the value {} is there twice", json_text(axis.keys[0].at(i)));
    reader.refuse("the values at place {} of its lists are there twice", i);
  }
}

SweepAxis read_zip(const JsonReader& reader) {
  reader.must_be_object();
  SweepAxis axis;
  for (const std::string& pointer : reader.keys()) {
    axis.keys.push_back(read_values(reader.at(pointer), pointer));
    if (axis.keys.back().all) reader.at(pointer).refuse("how many units '{}' are is not known here", kAllUnits);
    if (axis.keys.back().size() != axis.size())
      reader.at(pointer).refuse("expected as many values as '{}' has: {}, got {}", axis.keys.front().pointer,
                                axis.size(), axis.keys.back().size());
  }
  if (axis.keys.empty()) reader.refuse("expected at least one key to sweep over");
  return axis;
}

std::vector<std::pair<std::string, KeptJson>> read_variants(const JsonReader& reader) {
  reader.must_be_object();
  std::vector<std::pair<std::string, KeptJson>> variants;
  for (const std::string& name : reader.keys()) {
    const JsonReader variant = reader.at(name);
    variant.must_be_object();
    if (name.empty()) variant.refuse("a variant needs a name");
    variants.emplace_back(name, std::make_shared<const Json>(variant.json()));
  }
  if (variants.empty()) reader.refuse("expected at least one variant");
  return variants;
}

// That the config has a place for the values: a key that is left to its default may be swept over.
void check_pointer(const JsonReader& values, const std::string& pointer, const std::vector<std::string>& of_the_run,
                   const Json& config) {
  if (pointer.empty() || pointer[0] != '/')
    values.refuse("expected a JSON pointer such as /objective/0/channel/unit, 'zip' or 'variants'");
  const std::string key = pointer.substr(1, pointer.find('/', 1) - 1);
  if (std::find(of_the_run.begin(), of_the_run.end(), key) != of_the_run.end())
    values.refuse("'{}' is the same for the whole run: it cannot differ between jobs", key);
  const Json::json_pointer at(pointer);
  const Json::json_pointer above = at.parent_pointer();
  if (!config.contains(at) && !(config.contains(above) && config[above].is_object()))
    values.refuse("the config has no such key; add it with a value, then sweep over it");
}

// Of a sweep that was read: what it changes in this config.
void check_variant(const JsonReader& variant, const std::vector<std::string>& of_the_run) {
  for (const std::string& key : of_the_run)
    if (variant.has(key)) variant.refuse("a variant cannot change '{}': it applies to the whole run", key);
}

}  // namespace

Json with_values_of_files(const JsonReader& reader) {
  Json sweep = reader.json();
  if (!sweep.is_object()) return sweep;
  const auto replace = [](const JsonReader& of, Json& values) {
    if (!of.is_object() || !of.has("from")) return;
    const std::string path = path_from(of.folder(), of.only({"from"}).at("from").text());
    values = at_place(of.place(), [&] { return read_json(path); });
    if (!values.is_array()) of.refuse("expected a list of values in '{}', got {}", path, values.type_name());
  };
  for (auto& [name, values] : sweep.items()) {
    if (name == "zip" && values.is_object()) {
      for (auto& [pointer, zipped] : values.items()) replace(reader.at(name).at(pointer), zipped);
    } else if (name != "variants") {
      replace(reader.at(name), values);
    }
  }
  return sweep;
}

FormatPtr sweep_format(std::vector<std::string> (*of_the_run)()) { return std::make_shared<SweepFormat>(of_the_run); }

Sweep read_sweep(const JsonReader& reader) {
  reader.must_be_object();
  Sweep sweep;
  sweep.given = std::make_shared<const Json>(reader.json());
  for (const std::string& name : reader.keys()) {
    const JsonReader values = reader.at(name);
    if (name == "variants") {
      sweep.variants = read_variants(values);
    } else {
      sweep.axes.push_back(name == "zip" ? read_zip(values) : SweepAxis{{read_values(values, name)}});
      check_distinct(values, sweep.axes.back());
    }
    if (sweep.jobs_at_least() > kMaxJobs) values.refuse("expected at most {} jobs", kMaxJobs);
  }
  return sweep;
}

void check_sweep(const JsonReader& reader, const std::vector<std::string>& of_the_run, const Json& config) {
  std::unordered_set<std::string> swept;
  const auto check = [&](const JsonReader& values, const std::string& pointer) {
    check_pointer(values, pointer, of_the_run, config);
    if (!swept.insert(pointer).second) values.refuse("'{}' is swept over twice", pointer);
  };
  for (const std::string& name : reader.keys()) {
    const JsonReader values = reader.at(name);
    if (name == "variants") {
      for (const std::string& variant : values.keys()) check_variant(values.at(variant), of_the_run);
    } else if (name == "zip") {
      for (const std::string& pointer : values.keys()) check(values.at(pointer), pointer);
    } else {
      check(values, name);
    }
  }
}

}  // namespace phosphene
