#include "experiment/dissection/csv_table.h"

#include <fmt/ranges.h>

#include "loaders/text_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr size_t kMostBytes = size_t{1} << 28;

// The cells of one line.
std::vector<std::string> cells_of(const std::string& line, const std::string& place) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += line[++i];
    } else if (c == '"' && (quoted || cells.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  if (quoted) fail(place, "a quote is not closed");
  return cells;
}

}  // namespace

std::vector<CsvRow> read_csv(const std::string& path, const std::vector<std::string>& columns) {
  const std::string text = read_text(path, kMostBytes);
  std::vector<CsvRow> rows;
  bool named = false;
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin), place = fmt::format("{}: line {}", path, ++number);
    begin = end + 1;
    if (line.empty()) continue;
    CsvRow row{number, cells_of(line, place)};
    if (!named) {
      if (row.cells != columns) fail(place, "expected the names {}, got '{}'", fmt::join(columns, ","), line);
      named = true;
      continue;
    }
    if (row.cells.size() != columns.size())
      fail(place, "expected {} cells ({}), got {}", columns.size(), fmt::join(columns, ","), row.cells.size());
    for (size_t i = 0; i < columns.size(); ++i)
      if (row.cells[i].empty()) fail(place, "its {} is empty", columns[i]);
    rows.push_back(std::move(row));
  }
  if (rows.empty()) fail(path, "has no rows; expected a line {} and rows below it", fmt::join(columns, ","));
  return rows;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

}  // namespace phosphene
