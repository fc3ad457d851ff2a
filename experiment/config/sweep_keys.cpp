#include "experiment/config/sweep_keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace phosphene {
namespace {

constexpr int64_t kMaxValue = 1 << 24;  // of either sign
constexpr int64_t kMaxJobs = 1'000'000;

class SweepFormat final : public Format {
 public:
  explicit SweepFormat(std::vector<std::string> (*of_the_run)()) : of_the_run_(of_the_run) {}

  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_object(); }
  [[nodiscard]] Json schema() const override;
  [[nodiscard]] std::string words() const override {
    return "an object: JSON pointers with a list of values or an object with the key range, `[first, end, step]`, and "
           "variants with named settings";
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
  return {{"type", "object"},
          {"propertyNames", {{"pattern", "^(/|variants$)"}}},
          {"properties", {{"variants", variants}}},
          {"additionalProperties",
           {{"anyOf",
             {{{"description", "Values."}, {"type", "array"}, {"minItems", 1}},
              {{"type", "object"},
               {"required", {"range"}},
               {"additionalProperties", false},
               {"properties", {{"range", range}}}}}}}}};
}

Json read_range(const JsonReader& range) {
  range.must_be_array();
  if (range.size() != 2 && range.size() != 3) range.refuse("expected [first, end] or [first, end, step]");
  const int64_t first = range.at(0).integer(-kMaxValue, kMaxValue), end = range.at(1).integer(-kMaxValue, kMaxValue);
  const int64_t step = range.size() == 3 ? range.at(2).integer(1, kMaxValue) : 1;
  if (std::max<int64_t>(0, end - first) / step > kMaxJobs) range.refuse("expected at most {} jobs", kMaxJobs);
  Json values = Json::array();
  for (int64_t value = first; value < end; value += step) values.push_back(value);
  return values;
}

KeptJson read_axis(const JsonReader& reader) {
  Json values = reader.is_array() ? reader.json() : read_range(reader.only({"range"}).at("range"));
  if (values.empty()) reader.refuse("expected at least one value to sweep over");
  return std::make_shared<const Json>(std::move(values));
}

void read_variants(const JsonReader& reader, const std::vector<std::string>& of_the_run, Config& config) {
  reader.must_be_object();
  for (const std::string& name : reader.keys()) {
    const JsonReader variant = reader.at(name);
    variant.must_be_object();
    if (name.empty()) variant.refuse("a variant needs a name");
    for (const std::string& key : of_the_run)
      if (variant.has(key)) variant.refuse("a variant cannot change '{}': it applies to the whole run", key);
    config.variants.emplace_back(name, std::make_shared<const Json>(variant.json()));
  }
  if (config.variants.empty()) reader.refuse("expected at least one variant");
}

// That the config has a place for the values: a key that is left to its default may be swept over.
void check_pointer(const JsonReader& values, const std::string& pointer, const std::vector<std::string>& of_the_run,
                   const Json& config) {
  if (pointer.empty() || pointer[0] != '/')
    values.refuse("expected a JSON pointer such as /objective/0/channel/unit, or 'variants'");
  const std::string key = pointer.substr(1, pointer.find('/', 1) - 1);
  if (std::find(of_the_run.begin(), of_the_run.end(), key) != of_the_run.end())
    values.refuse("'{}' is the same for the whole run: it cannot differ between jobs", key);
  const Json::json_pointer at(pointer);
  const Json::json_pointer above = at.parent_pointer();
  if (!config.contains(at) && !(config.contains(above) && config[above].is_object()))
    values.refuse("the config has no such key; add it with a value, then sweep over it");
}

}  // namespace

FormatPtr sweep_format(std::vector<std::string> (*of_the_run)()) { return std::make_shared<SweepFormat>(of_the_run); }

void read_sweep(const JsonReader& reader, const std::vector<std::string>& of_the_run, Config& config) {
  reader.must_be_object();
  int64_t jobs = 1;
  for (const std::string& pointer : reader.keys()) {
    const JsonReader values = reader.at(pointer);
    if (pointer == "variants") {
      read_variants(values, of_the_run, config);
      jobs *= std::ssize(config.variants);
    } else {
      check_pointer(values, pointer, of_the_run, *config.json);
      config.sweep.emplace_back(pointer, read_axis(values));
      jobs *= static_cast<int64_t>(config.sweep.back().second->size());
    }
    if (jobs > kMaxJobs) values.refuse("expected at most {} jobs", kMaxJobs);
  }
}

}  // namespace phosphene
