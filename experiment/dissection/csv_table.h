// Small tables as files: comma-separated values with a line of names (RFC 4180: cells may stand in quotes, "" in them is a quote).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

struct CsvRow {
  int64_t line = 0;  // in the file, from 1
  std::vector<std::string> cells;
};

// The rows of a file whose first line names exactly these columns, in this order. Throws one line, with the file's, for other names,
// another number of cells, an empty cell and quotes that do not close; for a file without rows too.
std::vector<CsvRow> read_csv(const std::string& path, const std::vector<std::string>& columns);

// One cell, in quotes where it needs them.
std::string csv_cell(const std::string& text);

}  // namespace phosphene
