// phosphene query: records of a run for notebooks and shells.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/streams.h"
#include "experiment/run/query.h"
#include "loaders/json_text.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

struct QueryOptions {
  std::string folder;
  std::vector<std::string> conditions, fields;
  bool csv = false;
};

// As RFC 4180 has it: a text with a comma, a quote or an end of line stands between quotes, of which those within are doubled.
std::string csv_cell(const Json& value) {
  if (value.is_null()) return "";
  std::string text = value.is_string() ? value.get<std::string>() : json_text(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + "\"";
}

void print_csv(const std::vector<Json>& records, const std::vector<std::string>& fields) {
  const auto print_row = [&](const auto& cell) {
    std::vector<std::string> cells;
    for (const std::string& field : fields) cells.push_back(cell(field));
    print_result("{}\n", fmt::join(cells, ","));
  };
  print_row([](const std::string& field) { return csv_cell(field); });
  for (const Json& record : records)
    print_row([&](const std::string& field) { return csv_cell(field_of(record, field)); });
}

void print_json(const std::vector<Json>& records, const std::vector<std::string>& fields) {
  for (const Json& record : records) {
    Json wanted = Json::object();
    for (const std::string& field : fields) wanted[field] = field_of(record, field);
    print_result("{}\n", json_text(fields.empty() ? record : wanted));
  }
}

void run_query(const QueryOptions& options) {
  std::string text;
  for (const std::string& part : options.conditions) text += part + " ";
  const std::vector<Json> records = query(options.folder, parse_query(text));
  if (!options.csv) return print_json(records, options.fields);
  print_csv(records, options.fields.empty() ? plain_fields(records) : options.fields);
}

}  // namespace

void add_query(CLI::App& command) {
  auto options = std::make_shared<QueryOptions>();
  add_details(
      command,
      "Conditions: FIELD=VALUE, where several values stand between commas, numbers may be a range as in 97..120, "
      "and * is any part of a text; FIELD!=VALUE; and <, <=, >, >= with a number. All of them have to hold. A "
      "field is a key of the records, or one that the sweep changes.");
  value(command.add_option("folder", options->folder, "a run folder"), kFolder)->required();
  value(command.add_option("conditions", options->conditions, "which records; all without"), "CONDITION")
      ->expected(0, 1 << 20);
  value(command.add_option("--fields", options->fields, "these fields only, as in name,unit,objective"), "FIELD,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_flag("--csv", options->csv, "a table with a line of names, instead of a JSON object for each record");
  command.footer(
      "Example:\n  phosphene query runs/demo 'layer=fire8* objective>100' --fields name,objective\n"
      "  phosphene query runs/demo 'unit=0..15' --csv");
  command.callback([options] { run_query(*options); });
}

}  // namespace phosphene
