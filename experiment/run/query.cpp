#include "experiment/run/query.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "experiment/run/run_folder.h"
#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr const char* kQuery = "query";

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Splits at any of `separators` outside quotes, and takes the quotes away where `unquote`.
std::vector<std::string> split(const std::string& text, std::string_view separators, bool unquote) {
  std::vector<std::string> parts(1);
  char quote = 0;
  for (const char c : text) {
    const bool opens = quote == 0 && (c == '"' || c == '\''), closes = quote != 0 && c == quote;
    if (opens) quote = c;
    if (closes) quote = 0;
    if (quote == 0 && !closes && separators.find(c) != std::string_view::npos)
      parts.emplace_back();
    else if (!unquote || (!opens && !closes))
      parts.back() += c;
  }
  if (quote != 0) fail(kQuery, "a quote in {} is not closed", printable(text));
  return parts;
}

Condition condition_of(const std::string& text) {
  using Is = Condition::Is;
  constexpr std::pair<std::string_view, Is> kSigns[] = {
      {"!=", Is::different}, {"<=", Is::at_most}, {">=", Is::at_least}, {"==", Is::equal},
      {"=", Is::equal},      {"<", Is::less},     {">", Is::more}};
  const size_t at = text.find_first_of("!<>=");
  if (at == std::string::npos || at == 0)
    fail(kQuery, "expected FIELD=VALUE, FIELD>NUMBER or the like, got {}", printable(text));
  for (const auto& [sign, is] : kSigns) {
    if (text.compare(at, sign.size(), sign) != 0) continue;
    Condition condition{text.substr(0, at), is, split(text.substr(at + sign.size()), ",", true)};
    const bool one_number = is != Is::equal && is != Is::different;
    if (one_number && (condition.values.size() != 1 || !number_in(condition.values[0])))
      fail(kQuery, "expected a number behind '{}' in {}", sign, printable(text));
    return condition;
  }
  fail(kQuery, "expected =, !=, <, <=, > or >= in {}", printable(text));
}

// `pattern` with * for any letters, none among them.
bool matches(std::string_view text, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  pattern.remove_prefix(star + 1);
  for (text.remove_prefix(star);; text.remove_prefix(1)) {
    if (matches(text, pattern)) return true;
    if (text.empty()) return false;
  }
}

bool is_one_of(const Json& field, const std::string& value) {
  if (field.is_number()) {
    const auto number = field.get<double>();
    const size_t dots = value.find("..");
    if (dots == std::string::npos) return number_in(value) == number;
    const std::optional<double> first = number_in(std::string_view(value).substr(0, dots)),
                                last = number_in(std::string_view(value).substr(dots + 2));
    return first && last && *first <= number && number <= *last;
  }
  return matches(field.is_string() ? field.get<std::string>() : json_text(field), value);
}

bool holds(const Condition& condition, const Json& field) {
  using Is = Condition::Is;
  if (condition.is == Is::equal || condition.is == Is::different) {
    const bool any = std::any_of(condition.values.begin(), condition.values.end(),
                                 [&](const std::string& value) { return is_one_of(field, value); });
    return any == (condition.is == Is::equal);
  }
  if (!field.is_number()) return false;
  const double number = field.get<double>(), bound = *number_in(condition.values[0]);
  switch (condition.is) {
    case Is::less:
      return number < bound;
    case Is::at_most:
      return number <= bound;
    case Is::more:
      return number > bound;
    default:
      return number >= bound;
  }
}

// Of a sweep's key.
std::string last_name(const std::string& pointer) { return pointer.substr(pointer.rfind('/') + 1); }

void must_be_known(const std::string& field, const std::vector<Json>& records) {
  std::vector<std::string> known;
  for (const Json& record : records) {
    if (!field_of(record, field).is_null()) return;
    for (const auto& [key, value] : record.items()) known.push_back(key);
    const Json sweep = record.value("sweep", Json::object());
    for (const auto& [pointer, value] : sweep.items()) {
      known.push_back(pointer);
      known.push_back(last_name(pointer));
    }
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  fail(kQuery, "no record has a field {}{}", printable(field), suggestion(field, known));
}

}  // namespace

std::vector<Condition> parse_query(const std::string& text) {
  std::vector<Condition> conditions;
  for (const std::string& part : split(text, " \t\n", false))
    if (!part.empty()) conditions.push_back(condition_of(part));
  return conditions;
}

Json field_of(const Json& record, const std::string& field) {
  if (record.contains(field)) return record[field];
  const Json* inside = &record;
  for (size_t at = 0; inside != nullptr && at <= field.size();) {
    const size_t point = std::min(field.find('.', at), field.size());
    const std::string name = field.substr(at, point - at);
    inside = inside->is_object() && inside->contains(name) ? &(*inside)[name] : nullptr;
    at = point + 1;
  }
  if (inside != nullptr) return *inside;
  const Json sweep = record.value("sweep", Json::object());
  for (const auto& [pointer, value] : sweep.items())
    if (pointer == field || last_name(pointer) == field) return value;
  return nullptr;
}

std::vector<std::string> plain_fields(const std::vector<Json>& records) {
  std::vector<std::string> fields;
  const auto add = [&](const std::string& field, const Json& value) {
    if (!value.is_structured() && std::find(fields.begin(), fields.end(), field) == fields.end())
      fields.push_back(field);
  };
  for (const Json& record : records) {
    for (const auto& [key, value] : record.items()) add(key, value);
    const Json sweep = record.value("sweep", Json::object());
    for (const auto& [pointer, value] : sweep.items())
      add(record.contains(last_name(pointer)) ? last_name(pointer) : pointer, value);
  }
  return fields;
}

std::vector<Json> query(const std::string& folder, const std::vector<Condition>& conditions) {
  std::vector<Json> records = read_records(folder, false);
  if (records.empty()) return records;
  for (const Condition& condition : conditions) must_be_known(condition.field, records);
  std::erase_if(records, [&](const Json& record) {
    return !std::all_of(conditions.begin(), conditions.end(),
                        [&](const Condition& one) { return holds(one, field_of(record, one.field)); });
  });
  return records;
}

}  // namespace phosphene
