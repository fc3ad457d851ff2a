#include "loaders/json_reader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "loaders/json_text.h"
#include "loaders/text_file.h"

namespace phosphene {
namespace {

// A key as a part of a JSON pointer (RFC 6901).
std::string escaped(const std::string& key) {
  std::string pointer;
  for (const char c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

bool among(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What stands there, for people: a number or a string itself, else its type.
std::string in_words(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  if (!json.is_string()) return json.dump();
  return '"' + json.get_ref<const std::string&>() + '"';
}

// "a, b, c", or as many of them as people read.
std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kLongEnough = 130;  // characters
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (text.size() + names[i].size() > kLongEnough) return fmt::format("{} ... ({} in all)", text, names.size());
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return text.empty() ? "none" : text;
}

}  // namespace

Json read_json(const std::string& path) {
  constexpr size_t kMaxBytes = size_t{1} << 30;
  constexpr int kMaxDepth = 256;
  Json json = parse_json(read_text(path, kMaxBytes), path, {.max_depth = kMaxDepth, .whole_numbers = true});
  take_bytes_back(json);
  return json;
}

std::string JsonReader::place() const {
  const std::string& within = pointer_.empty() ? root_ : pointer_;
  return file_ + (file_.empty() || within.empty() ? "" : ": ") + within;
}

void JsonReader::refuse_type(std::string_view wanted) const { refuse("expected {}, got {}", wanted, in_words(*json_)); }

bool JsonReader::is_object() const { return json_->is_object(); }
bool JsonReader::is_array() const { return json_->is_array(); }
bool JsonReader::is_string() const { return json_->is_string(); }
bool JsonReader::is_number() const { return json_->is_number(); }
bool JsonReader::is_boolean() const { return json_->is_boolean(); }
bool JsonReader::is_null() const { return json_->is_null(); }

void JsonReader::must_be_array() const {
  if (!json_->is_array()) refuse_type("a list");
}

void JsonReader::must_be_object() const {
  if (!json_->is_object()) refuse_type("an object");
}

const JsonReader& JsonReader::only(const std::vector<std::string>& keys) const {
  must_be_object();
  for (const auto& [key, value] : json_->items()) {
    if (!among(key, keys)) refuse("unknown key '{}'{}; expected one of: {}", key, suggestion(key, keys), listed(keys));
  }
  return *this;
}

std::vector<std::string> JsonReader::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json_->items()) keys.push_back(key);
  return keys;
}

bool JsonReader::has(std::string_view key) const { return json_->contains(key); }

JsonReader JsonReader::at(const std::string& key) const {
  if (!json_->contains(key)) refuse("the key '{}' is missing", key);
  return {(*json_)[key], file_, pointer_ + "/" + escaped(key), folder_};
}

std::string JsonReader::kind(const std::vector<std::string>& kinds, const std::vector<std::string>& beside) const {
  std::vector<std::string> known = kinds;
  known.insert(known.end(), beside.begin(), beside.end());
  only(known);
  std::string found;
  for (const std::string& candidate : kinds) {
    if (!has(candidate)) continue;
    if (!found.empty()) refuse("expected one of '{}' and '{}', got both", found, candidate);
    found = candidate;
  }
  if (found.empty()) refuse("one of the keys {} is missing", listed(kinds));
  return found;
}

size_t JsonReader::size() const { return json_->size(); }

JsonReader JsonReader::at(size_t index) const {
  return {(*json_)[index], file_, pointer_ + "/" + std::to_string(index), folder_};
}

std::string JsonReader::string() const {
  if (!json_->is_string()) refuse_type("a string");
  return json_->get<std::string>();
}

std::string JsonReader::text() const {
  std::string value = string();
  if (value.empty()) refuse("expected a string, got an empty one");
  return value;
}

bool JsonReader::boolean() const {
  if (!json_->is_boolean()) refuse_type("true or false");
  return json_->get<bool>();
}

int64_t JsonReader::integer(int64_t least, int64_t most) const {
  constexpr double kClear = 0x1p32;  // the parser knows of larger ones whether they were whole as they were written
  int64_t value = 0;
  bool whole = json_->is_number_integer();
  if (json_->is_number_float()) {
    const auto given = json_->get<double>();
    whole = std::abs(given) <= kClear && given == std::floor(given);
    if (whole) value = static_cast<int64_t>(given);
  } else if (json_->is_number_unsigned() && json_->get<uint64_t>() > uint64_t{INT64_MAX}) {
    whole = false;
  } else if (whole) {
    value = json_->get<int64_t>();
  }
  if (whole && value >= least && value <= most) return value;
  if (least == most) refuse_type(std::to_string(least));
  refuse_type(fmt::format("a whole number from {} to {}", least, most));
}

double JsonReader::number(double least, double most) const {
  const double value = json_->is_number() ? json_->get<double>() : 0;
  constexpr double kAny = 1e30;  // limits that far out say nothing to people
  if (!json_->is_number()) refuse_type("a number");
  if (!(value >= least && value <= most))
    refuse_type(least <= -kAny && most >= kAny ? "a number" : fmt::format("a number from {} to {}", least, most));
  return value;
}

float JsonReader::number() const {
  if (!json_->is_number() || !std::isfinite(json_->get<float>())) refuse_type("a number that a float32 holds");
  return json_->get<float>();
}

std::vector<int64_t> JsonReader::integers(size_t count, int64_t least, int64_t most) const {
  if (!json_->is_array() || size() != count) refuse_type(fmt::format("a list of {} whole numbers", count));
  std::vector<int64_t> values;
  for (size_t i = 0; i < count; ++i) values.push_back(at(i).integer(least, most));
  return values;
}

std::vector<std::string> JsonReader::strings() const {
  must_be_array();
  std::vector<std::string> values;
  for (size_t i = 0; i < size(); ++i) values.push_back(at(i).string());
  return values;
}

std::vector<float> JsonReader::numbers(double least, double most) const {
  must_be_array();
  if (size() == 0) refuse("expected numbers, got an empty list");
  std::vector<float> values;
  for (size_t i = 0; i < size(); ++i) values.push_back(static_cast<float>(at(i).number(least, most)));
  return values;
}

std::string JsonReader::word(const std::vector<std::string>& words) const {
  std::string value = text();
  if (!among(value, words))
    refuse("expected {}{}, got '{}'{}", words.size() > 1 ? "one of " : "", listed(words), value,
           suggestion(value, words));
  return value;
}

}  // namespace phosphene
