// Records of a run as data: those that meet conditions, in the order of the run.
#pragma once

#include <string>
#include <vector>

#include "loaders/json.h"

namespace phosphene {

// A condition on a field of records. A field is a key of records ("layer", "unit", "objective", "seed", ...), the path of one within
// ("spectrum.slope"), a key that the sweep changes by its pointer ("/image/size") or by its last name ("size"), or "variant".
struct Condition {
  enum class Is : uint8_t { equal, different, less, at_most, more, at_least };
  std::string field;
  Is is = Is::equal;
  // equal, different: any of these: a text, with * for any letters, a number, or a range a..b of numbers, both included. The others: one number.
  std::vector<std::string> values;
};

// "layer=mixed4a unit=97..120,3 objective>100": conditions between spaces; a value with spaces or commas stands between quotes.
std::vector<Condition> parse_query(const std::string& text);

// The records of a run folder that meet all conditions. Throws for a field that no record has, with the nearest one.
std::vector<Json> query(const std::string& folder, const std::vector<Condition>& conditions);

// A field of a record; null where it has none.
Json field_of(const Json& record, const std::string& field);
// The fields that are neither lists nor objects, of all records together, in their order: what a table can show.
std::vector<std::string> plain_fields(const std::vector<Json>& records);

}  // namespace phosphene
