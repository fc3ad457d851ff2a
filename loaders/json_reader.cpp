#include "loaders/json_reader.h"

#include <algorithm>

namespace phosphene {
namespace {

std::string escaped(const std::string& key) {
  std::string pointer;
  for (const char c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

bool among(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

void JsonReader::must_be_array() const {
  if (!json_->is_array()) refuse("a list is meant, not {}", json_->type_name());
}

void JsonReader::must_be_object() const {
  if (!json_->is_object()) refuse("an object is meant, not {}", json_->type_name());
}

const JsonReader& JsonReader::only(const std::vector<std::string>& keys) const {
  must_be_object();
  for (const auto& [key, value] : json_->items()) {
    if (!among(key, keys))
      refuse("unknown key '{}'{}; known are {}", key, suggestion(key, keys),
             keys.empty() ? "none" : fmt::format("{}", fmt::join(keys, ", ")));
  }
  return *this;
}

JsonReader JsonReader::at(const std::string& key) const {
  if (!json_->contains(key)) refuse("the key '{}' is missing", key);
  return {(*json_)[key], file_, pointer_ + "/" + escaped(key)};
}

std::string JsonReader::text() const {
  if (!json_->is_string()) refuse("a text is meant, not {}", json_->type_name());
  auto value = json_->get<std::string>();
  if (value.empty()) refuse("an empty text");
  return value;
}

bool JsonReader::boolean() const {
  if (!json_->is_boolean()) refuse("true or false is meant, not {}", json_->type_name());
  return json_->get<bool>();
}

int64_t JsonReader::integer(int64_t least, int64_t most) const {
  if (!json_->is_number_integer() || (json_->is_number_unsigned() && json_->get<uint64_t>() > uint64_t{1} << 62)) {
    refuse("a whole number between {} and {} is meant, not {}", least, most, json_->dump());
  }
  const auto value = json_->get<int64_t>();
  if (value < least || value > most) refuse("{} is not between {} and {}", value, least, most);
  return value;
}

double JsonReader::number(double least, double most) const {
  if (!json_->is_number()) refuse("a number is meant, not {}", json_->type_name());
  const auto value = json_->get<double>();
  if (!(value >= least && value <= most)) refuse("{} is not between {} and {}", value, least, most);
  return value;
}

std::vector<float> JsonReader::numbers(double least, double most) const {
  must_be_array();
  if (size() == 0) refuse("an empty list");
  std::vector<float> values;
  for (size_t i = 0; i < size(); ++i) values.push_back(static_cast<float>(at(i).number(least, most)));
  return values;
}

std::string JsonReader::word(const std::vector<std::string>& words) const {
  std::string value = text();
  if (!among(value, words)) refuse("'{}' is none of {}{}", value, fmt::join(words, ", "), suggestion(value, words));
  return value;
}

std::string JsonReader::kind(const std::vector<std::string>& kinds, const std::vector<std::string>& beside) const {
  std::vector<std::string> known = kinds;
  known.insert(known.end(), beside.begin(), beside.end());
  only(known);
  std::string found;
  for (const std::string& candidate : kinds) {
    if (!has(candidate)) continue;
    if (!found.empty()) refuse("both '{}' and '{}'; one is meant", found, candidate);
    found = candidate;
  }
  if (found.empty()) refuse("one of the keys {} is missing", fmt::join(kinds, ", "));
  return found;
}

}  // namespace phosphene
