#include "loaders/json_reader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "loaders/strict_json.h"
#include "loaders/text_file.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

// "line 3, column 7" of a byte offset.
std::string line_and_column(const std::string& text, size_t byte) {
  const size_t end = std::min(byte > 0 ? byte - 1 : 0, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(end), '\n');
  const size_t start = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  return fmt::format("line {}, column {}", line, end - (start == std::string::npos ? 0 : start + 1) + 1);
}

// A key as a part of a JSON pointer (RFC 6901).
std::string escaped(const std::string& key) {
  std::string pointer;
  for (const char c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

bool among(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What stands there, for people: a number or a short string itself, else its type.
std::string in_words(const Json& json) {
  constexpr size_t kMaxShown = 60;  // characters
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!json.is_string()) return text;
  return text.size() > kMaxShown ? "a long string" : "the string " + text;
}

}  // namespace

Json parse_json(const std::string& text, const std::string& place, int max_depth) {
  try {
    return Json::parse(text, StrictJson<Json>(place, max_depth));
  } catch (const Json::parse_error& error) {
    const std::string what = error.what();
    const size_t start = what.find("syntax error");
    const size_t detail = what.find(" - ", start == std::string::npos ? 0 : start);
    fail(place, "{}: not valid JSON: {}", line_and_column(text, error.byte),
         detail == std::string::npos ? "syntax error" : what.substr(detail + 3));
  } catch (const Json::out_of_range& error) {  // a number such as 1e400
    const std::string what = error.what();
    fail(place, "not valid JSON: {}", what.substr(std::min(what.size(), what.find("] ") + 2)));
  }
}

Json read_json(const std::string& path) {
  constexpr size_t kMaxBytes = size_t{1} << 30;
  return parse_json(read_text(path, kMaxBytes), path);
}

std::string NamedFile::path() const { return (std::filesystem::path(folder) / name).string(); }

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
    if (!among(key, keys))
      refuse("unknown key '{}'{}; expected one of: {}", printable(key), suggestion(key, keys),
             keys.empty() ? "none" : fmt::format("{}", fmt::join(keys, ", ")));
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
  if (found.empty()) refuse("one of the keys {} is missing", fmt::join(kinds, ", "));
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
  const bool fits = !json_->is_number_unsigned() || json_->get<uint64_t>() <= uint64_t{INT64_MAX};
  if (!json_->is_number_integer() || !fits || json_->get<int64_t>() < least || json_->get<int64_t>() > most)
    refuse_type(fmt::format("a whole number from {} to {}", least, most));
  return json_->get<int64_t>();
}

double JsonReader::number(double least, double most) const {
  const double value = json_->is_number() ? json_->get<double>() : 0;
  if (!json_->is_number() || !(value >= least && value <= most))
    refuse_type(fmt::format("a number from {} to {}", least, most));
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
    refuse("expected {}{}, got '{}'{}", words.size() > 1 ? "one of " : "", fmt::join(words, ", "), printable(value),
           suggestion(value, words));
  return value;
}

}  // namespace phosphene
