#include "experiment/keys/format.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace phosphene {
namespace {

constexpr double kAny = 1e30;  // limits that far out say nothing to people

// "a, b or c".
std::string one_of_words(const std::vector<std::string>& words) {
  if (words.size() < 2) return fmt::format("{}", fmt::join(words, ""));
  return fmt::format("{} or {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

// "the key a", "the keys a, b".
std::string keys_words(const char* which, const std::vector<std::string>& names) {
  return fmt::format("{} {} {}", which, names.size() == 1 ? "key" : "keys", fmt::join(names, ", "));
}

}  // namespace

std::string pointer_to(const std::string& pointer, const std::string& key) {
  std::string escaped;
  for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer + "/" + escaped;
}

Json number_json(double value) {
  constexpr double kExact = 0x1p53;  // whole numbers up to here are exact
  if (std::abs(value) <= kExact && value == std::floor(value)) return static_cast<int64_t>(value);
  return value;
}

std::string KeyDescription::example() const {
  if (!example_value.empty()) return example_value;
  return default_value.empty() ? format->example() : default_value;
}

Json schema_of(const KeyDescription& key) {
  Json schema = Json::object();
  if (!key.sentence.empty()) schema["description"] = key.sentence;
  const Json format = key.format->schema();
  for (const auto& [name, value] : format.items())
    if (name != "description" || key.sentence.empty()) schema[name] = value;
  if (!key.default_value.empty()) schema["default"] = Json::parse(key.default_value);
  return schema;
}

void read_default(const KeyDescription& key, const JsonReader& object,
                  const std::function<void(const JsonReader&)>& read) {
  const Json value = Json::parse(key.default_value);
  read(object.instead(value));
}

// ---- numbers, words ----

Json NumberFormat::schema() const {
  return {{"type", whole_ ? "integer" : "number"}, {"minimum", number_json(least_)}, {"maximum", number_json(most_)}};
}

std::string NumberFormat::words() const {
  if (least_ == most_) return number_json(least_).dump();
  if (least_ <= -kAny && most_ >= kAny) return "a number";
  return fmt::format("{} from {} to {}", whole_ ? "a whole number" : "a number", number_json(least_).dump(),
                     number_json(most_).dump());
}

std::string NumberFormat::example() const { return number_json(std::clamp(1.0, least_, most_)).dump(); }

Json BooleanFormat::schema() const { return {{"type", "boolean"}}; }

Json TextFormat::schema() const {
  Json schema = {{"type", "string"}, {"minLength", 1}};
  if (!pattern_.empty()) schema["pattern"] = pattern_;
  return schema;
}

std::string TextFormat::example() const { return Json(example_).dump(); }

void FileFormat::visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const {
  if (value.is_string()) visit(value, pointer, kind_);
}

Json WordFormat::schema() const { return {{"enum", allowed_}}; }

std::string WordFormat::words() const {
  std::vector<std::string> quoted;
  for (const std::string& word : allowed_) quoted.push_back(Json(word).dump());
  return one_of_words(quoted);
}

std::string WordFormat::example() const { return Json(allowed_.front()).dump(); }

// ---- lists ----

Json ListFormat::schema() const {
  Json schema = {{"type", "array"}};
  if (least_ > 0) schema["minItems"] = least_;
  if (most_ != SIZE_MAX) schema["maxItems"] = most_;
  schema["items"] = element_->schema();
  return schema;
}

std::string ListFormat::words() const {
  if (least_ == most_) return fmt::format("a list of {} entries, each {}", least_, element_->words());
  return fmt::format("a list of entries, each {}", element_->words());
}

void ListFormat::erase_data(Json& value) const {
  for (Json& one : value) element_->erase_data(one);
}

void ListFormat::add_defaults(Json& value) const {
  for (Json& one : value) element_->add_defaults(one);
}

std::string ListFormat::example() const {
  std::vector<std::string> elements(std::max<size_t>(1, least_), element_->example());
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

void ListFormat::visit(const std::string& path, KeyVisitor& visitor) const { element_->visit(path + "[]", visitor); }

void ListFormat::visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const {
  if (!value.is_array()) return;
  for (size_t i = 0; i < value.size(); ++i)
    element_->visit_files(value[i], pointer_to(pointer, std::to_string(i)), visit);
}

// ---- alternatives ----

const Format* AlternativesFormat::of(const JsonReader& value) const {
  for (const FormatPtr& format : alternatives_)
    if (format->accepts(value)) return format.get();
  return nullptr;
}

Json AlternativesFormat::schema() const {
  Json any = Json::array();
  for (const FormatPtr& format : alternatives_) any.push_back(format->schema());
  return {{"anyOf", any}};
}

std::string AlternativesFormat::words() const {
  std::vector<std::string> words;
  for (const FormatPtr& format : alternatives_) words.push_back(format->words());
  return fmt::format("{}", fmt::join(words, ", or "));
}

void AlternativesFormat::erase_data(Json& value) const {
  if (const Format* format = of(JsonReader(value, ""))) format->erase_data(value);
}

void AlternativesFormat::add_defaults(Json& value) const {
  if (const Format* format = of(JsonReader(value, ""))) format->add_defaults(value);
}

void AlternativesFormat::visit(const std::string& path, KeyVisitor& visitor) const {
  for (const FormatPtr& format : alternatives_) format->visit(path, visitor);
}

void AlternativesFormat::visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const {
  if (const Format* format = of(JsonReader(value, ""))) format->visit_files(value, pointer, visit);
}

// ---- objects ----

std::vector<std::string> ObjectFormat::names(size_t first, size_t count) const {
  std::vector<std::string> names;
  for (size_t i = first; i < std::min(keys_.size(), count == SIZE_MAX ? count : first + count); ++i)
    names.push_back(keys_[i].name);
  return names;
}

// An object that must have a certain key, or one of several, is told from others by that key.
bool ObjectFormat::accepts(const JsonReader& value) const {
  return value.is_object() && std::all_of(keys_.begin(), keys_.end(), [&](const KeyDescription& key) {
           return !key.required || value.has(key.name);
         });
}

Json ObjectFormat::schema() const {
  Json schema = {{"type", "object"}};
  if (!sentence_.empty()) schema["description"] = sentence_;
  Json required = Json::array(), properties = Json::object(), one_of = Json::array();
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].required) required.push_back(keys_[i].name);
    if (i < one_of_) one_of.push_back({{"required", {keys_[i].name}}});
    properties[keys_[i].name] = schema_of(keys_[i]);
  }
  schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = required;
  if (!one_of.empty()) schema["oneOf"] = one_of;
  if (!properties.empty()) schema["properties"] = properties;
  return schema;
}

std::string ObjectFormat::words() const {
  if (one_of_ > 0) return "an object with one of " + keys_words("the", names(0, one_of_));
  if (keys_.empty()) return "an empty object";
  std::vector<std::string> required, optional;
  for (const KeyDescription& key : keys_) (key.required ? required : optional).push_back(key.name);
  if (optional.empty()) return "an object with " + keys_words("the", required);
  const std::string may_have = keys_words("optional", optional);
  if (required.empty()) return fmt::format("an object with {}{}", optional.size() == 1 ? "the " : "", may_have);
  return fmt::format("an object with {} and {}{}", keys_words("the", required), optional.size() == 1 ? "the " : "",
                     may_have);
}

void ObjectFormat::erase_data(Json& value) const {
  if (!value.is_object()) return;
  for (const KeyDescription& key : keys_) {
    if (key.is_data) {
      value.erase(key.name);
    } else if (value.contains(key.name)) {
      key.format->erase_data(value[key.name]);
    }
  }
}

void ObjectFormat::add_defaults(Json& value) const {
  if (!value.is_object()) return;
  for (const KeyDescription& key : keys_) {
    if (!value.contains(key.name)) {
      if (key.default_value.empty()) continue;
      value[key.name] = Json::parse(key.default_value);
    }
    key.format->add_defaults(value[key.name]);
  }
  Json sorted = Json::object();  // the order of keys says nothing
  for (const KeyDescription& key : keys_)
    if (value.contains(key.name)) sorted[key.name] = value[key.name];
  value = std::move(sorted);
}

std::string ObjectFormat::example() const {
  std::vector<std::string> members;
  for (size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i].required || (one_of_ > 0 && i == 0))
      members.push_back(fmt::format("{}: {}", Json(keys_[i].name).dump(), keys_[i].example()));
  return fmt::format("{{{}}}", fmt::join(members, ", "));
}

void ObjectFormat::visit(const std::string& path, KeyVisitor& visitor) const {
  visitor.object(path, *this);
  for (const KeyDescription& key : keys_) key.format->visit(path.empty() ? key.name : path + "." + key.name, visitor);
}

void ObjectFormat::visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const {
  if (!value.is_object()) return;
  for (const KeyDescription& key : keys_)
    if (value.contains(key.name)) key.format->visit_files(value[key.name], pointer_to(pointer, key.name), visit);
}

}  // namespace phosphene
