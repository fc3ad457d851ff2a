#include "tests/experiment/config/schema_checker.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

namespace phosphene::testing {
namespace {

bool is_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  if (type == "integer")  // of the value, however it is written
    return value.is_number() && (!value.is_number_float() || value.get<double>() == std::floor(value.get<double>()));
  throw std::logic_error("a type that the checker does not know: " + type);
}

size_t count_of(const Json& schemas, const Json& value, const Json& root) {
  return static_cast<size_t>(std::count_if(schemas.begin(), schemas.end(),
                                           [&](const Json& schema) { return fits_schema(value, schema, root); }));
}

bool fits_properties(const Json& value, const Json& schema, const Json& root) {
  const Json none = Json::object(), properties = schema.value("properties", none);
  const Json others = schema.value("additionalProperties", Json(true)), names = schema.value("propertyNames", none);
  for (const auto& [key, member] : value.items()) {
    if (!fits_schema(key, names, root)) return false;
    if (properties.contains(key)) {
      if (!fits_schema(member, properties[key], root)) return false;
    } else if (others.is_boolean() ? !others.get<bool>() : !fits_schema(member, others, root)) {
      return false;
    }
  }
  return true;
}

bool fits_items(const Json& value, const Json& schema, const Json& root) {
  const Json none = Json::object(), first = schema.value("prefixItems", Json::array()),
             rest = schema.value("items", none);
  for (size_t i = 0; i < value.size(); ++i)
    if (!fits_schema(value[i], i < first.size() ? first[i] : rest, root)) return false;
  return true;
}

// Of the keywords, those that say something of `value`.
bool fits_keyword(const std::string& keyword, const Json& wanted, const Json& value, const Json& root) {
  const size_t size = value.is_string() ? value.get<std::string>().size() : value.size();
  const auto number = [&](const Json& json) { return json.get<double>(); };
  if (keyword == "type") return is_type(value, wanted);
  if (keyword == "const") return value == wanted;
  if (keyword == "enum") return std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  if (keyword == "minimum") return !value.is_number() || number(value) >= number(wanted);
  if (keyword == "maximum") return !value.is_number() || number(value) <= number(wanted);
  if (keyword == "minLength") return !value.is_string() || size >= wanted.get<size_t>();
  if (keyword == "pattern")
    return !value.is_string() || std::regex_search(value.get<std::string>(), std::regex(wanted.get<std::string>()));
  if (keyword == "minItems") return !value.is_array() || size >= wanted.get<size_t>();
  if (keyword == "maxItems") return !value.is_array() || size <= wanted.get<size_t>();
  if (keyword == "minProperties") return !value.is_object() || size >= wanted.get<size_t>();
  if (keyword == "contains")
    return !value.is_array() || count_of(Json::array({wanted}), Json(), root) > 0 ||
           std::any_of(value.begin(), value.end(), [&](const Json& one) { return fits_schema(one, wanted, root); });
  if (keyword == "required")
    return !value.is_object() || std::all_of(wanted.begin(), wanted.end(),
                                             [&](const Json& key) { return value.contains(key.get<std::string>()); });
  if (keyword == "anyOf") return count_of(wanted, value, root) > 0;
  if (keyword == "oneOf") return count_of(wanted, value, root) == 1;
  if (keyword == "not") return !fits_schema(value, wanted, root);
  if (keyword == "$ref") return fits_schema(value, root[Json::json_pointer(wanted.get<std::string>().substr(1))], root);
  for (const char* other : {"properties", "additionalProperties", "propertyNames", "items", "prefixItems",
                            "description", "default", "title", "$schema"})
    if (keyword == other) return true;
  throw std::logic_error("a keyword that the checker does not know: " + keyword);
}

}  // namespace

bool fits_schema(const Json& value, const Json& schema, const Json& root) {
  for (const auto& [keyword, wanted] : schema.items())
    if (!fits_keyword(keyword, wanted, value, root)) return false;
  if (value.is_object()) return fits_properties(value, schema, root);
  return !value.is_array() || fits_items(value, schema, root);
}

}  // namespace phosphene::testing
