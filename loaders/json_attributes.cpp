#include "loaders/json_attributes.h"

#include <cmath>

#include "runtime/error.h"

namespace phosphene {

MetadataJson parse_metadata(const std::string& path, const std::string& what, const std::string& text, int most_depth) {
  const auto watch = [&](int depth, MetadataJson::parse_event_t /*event*/, MetadataJson& /*parsed*/) {
    if (depth > most_depth) fail(path, "{} is nested too deep", what);
    return true;
  };
  MetadataJson parsed = MetadataJson::parse(text, watch, false);
  if (parsed.is_discarded()) fail(path, "{} is not valid JSON", what);
  return parsed;
}

Attributes::Attributes(const MetadataJson& json, std::string where) : json_(json), where_(std::move(where)) {
  if (!json.is_object()) fail(where_, "is not described by an object");
}

const MetadataJson& Attributes::at(const char* key) const {
  if (!json_.contains(key)) fail(where_, "lacks '{}'", key);
  return json_[key];
}

std::string Attributes::string(const char* key) const {
  if (!at(key).is_string()) fail(where_, "'{}' is no string", key);
  return at(key).get<std::string>();
}

float Attributes::number(const char* key) const {
  if (!at(key).is_number() || !std::isfinite(at(key).get<float>())) fail(where_, "'{}' is no number", key);
  return at(key).get<float>();
}

int64_t Attributes::integer(const char* key, int64_t low, int64_t high) const {
  return checked(at(key), key, low, high);
}

std::vector<int64_t> Attributes::integers(const char* key, size_t count, int64_t low, int64_t high) const {
  if (!at(key).is_array() || at(key).size() != count) fail(where_, "'{}' is no list of {} numbers", key, count);
  std::vector<int64_t> numbers;
  for (const MetadataJson& number : at(key)) numbers.push_back(checked(number, key, low, high));
  return numbers;
}

std::vector<std::string> Attributes::strings(const char* key) const {
  std::vector<std::string> list;
  if (!at(key).is_array()) fail(where_, "'{}' is no list", key);
  for (const MetadataJson& item : at(key)) {
    if (!item.is_string()) fail(where_, "'{}' is no list of strings", key);
    list.push_back(item.get<std::string>());
  }
  return list;
}

int64_t Attributes::checked(const MetadataJson& number, const char* key, int64_t low, int64_t high) const {
  const bool fits = number.is_number_integer() && (!number.is_number_unsigned() || number.get<uint64_t>() <= INT64_MAX);
  if (!fits || number.get<int64_t>() < low || number.get<int64_t>() > high) {
    fail(where_, "'{}' is {}; a whole number from {} to {} is meant", key,
         number.is_number() ? number.dump() : "no number", low, high);
  }
  return number.get<int64_t>();
}

}  // namespace phosphene
