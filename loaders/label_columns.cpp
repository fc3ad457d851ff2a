// Names in lines, with columns before them, and in tables.
#include <algorithm>
#include <array>
#include <charconv>

#include "loaders/label_formats.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view after_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// A number at the beginning of a line, and what follows it.
struct Numbered {
  std::optional<int64_t> number;
  bool marked = false;  // by more than a blank, as in "3: crane"
  std::string_view rest;
};

Numbered numbered(std::string_view line) {
  const size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view behind = line.substr(digits), close = after_blanks(behind);
  if (digits == 0 || close.empty()) return {};
  const bool mark = std::string_view(":,;").find(close.front()) != std::string_view::npos || behind.front() == '\t';
  const bool dotted = behind.size() > 1 && (behind.front() == '.' || behind.front() == ')') && behind[1] == ' ';
  if (!mark && !dotted && behind.front() != ' ') return {};
  const std::string_view rest =
      after_blanks(dotted || behind.front() != '\t' ? close.substr(mark || dotted ? 1 : 0) : close);
  if (rest.empty()) return {};
  return {whole_number(line.substr(0, digits)), mark || dotted, rest};
}

// Throws where numbers look like an index that has a fault: it is not for us to say which classes the names belong to.
void refuse_faulty_index(const std::vector<Numbered>& found, const std::string& place) {
  const std::optional<int64_t> first = found.front().number;
  if (!first.has_value()) return;
  const auto follows = [&](size_t i) { return found[i].number == *first + static_cast<int64_t>(i); };
  size_t following = 0, numbers = 0, marked = 0, stray = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    following += static_cast<size_t>(follows(i));
    numbers += static_cast<size_t>(found[i].number.has_value());
    marked += static_cast<size_t>(found[i].marked);
    if (!follows(i) && stray == 0) stray = i;
  }
  const bool begins = *first == 0 || *first == 1;
  const bool like_an_index = 2 * following >= found.size() || numbers == found.size();
  if (found.size() < 2 || !(marked == found.size() || (begins && like_an_index))) return;
  if (stray == 0)
    fail(place, "the numbers before the names count from {}; expected an index that counts from 0 or 1", *first);
  fail(place,
       "line {} begins with {}, where {} would follow: expected an index that counts 0, 1, 2 ... without gaps, or "
       "names alone; where numbers are part of the names, write INDEX: NAME",
       stray + 1, found[stray].number.has_value() ? std::to_string(*found[stray].number) : "no number",
       *first + static_cast<int64_t>(stray));
}

bool drop_index(Labels& labels, const std::string& place) {
  std::vector<Numbered> found;
  std::vector<std::optional<int64_t>> numbers;
  for (const std::string& line : labels.names) {
    found.push_back(numbered(line));
    numbers.push_back(found.back().number);
  }
  const std::optional<int64_t> base = base_of(numbers);
  if (!base.has_value()) {
    refuse_faulty_index(found, place);
    return false;
  }
  for (size_t i = 0; i < found.size(); ++i) labels.names[i] = std::string(found[i].rest);
  labels.dropped.push_back(index_column(*base));
  return true;
}

void drop_synsets(Labels& labels) {
  constexpr size_t kLength = 9;
  size_t dropped = 0;
  for (std::string& name : labels.names) {
    if (!is_synset(std::string_view(name).substr(0, kLength)) || name.size() <= kLength) continue;
    const size_t rest = name.find_first_not_of(" \t,:;", kLength);
    if (rest == kLength || rest == std::string::npos) continue;
    name.erase(0, rest);
    ++dropped;
  }
  if (dropped == labels.names.size())
    labels.dropped.emplace_back("a synset column");
  else if (dropped > 0)
    labels.dropped.push_back(fmt::format("the synsets of {} lines", dropped));
}

// ---- tables ----------------------------------------------------------------------------------------------------------

constexpr std::array<const char*, 9> kNameWords = {"label",      "labels",    "name",     "names",  "class",
                                                   "class_name", "classname", "category", "classes"};
constexpr std::array<const char*, 14> kOtherWords = {"index",    "idx",     "id",         "class_index", "class_idx",
                                                     "class_id", "classid", "code",       "label_id",    "synset",
                                                     "wnid",     "number",  "wordnet_id", "description"};

std::string lower_case(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

bool is_name_word(const std::string& field) {
  return std::find(kNameWords.begin(), kNameWords.end(), lower_case(field)) != kNameWords.end();
}

bool is_header_word(const std::string& field) {
  return is_name_word(field) ||
         std::find(kOtherWords.begin(), kOtherWords.end(), lower_case(field)) != kOtherWords.end();
}

using Row = std::vector<std::string>;

// One line of RFC 4180: fields in quotes may hold the delimiter, and quotes twice. False where a quote is not closed or not whole.
bool split(std::string_view line, char delimiter, Row& row) {
  row.assign(1, "");
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && row.back().empty()) {
      for (++i; i < line.size() && (line[i] != '"' || (i + 1 < line.size() && line[i + 1] == '"')); ++i) {
        if (line[i] == '"') ++i;
        row.back() += line[i];
      }
      if (i >= line.size() || (i + 1 < line.size() && line[i + 1] != delimiter)) return false;
    } else if (line[i] == delimiter) {
      row.emplace_back();
    } else if (!row.back().empty() || kBlanks.find(line[i]) == std::string_view::npos) {
      row.back() += line[i];
    }
  }
  return true;
}

std::vector<Row> rows_of(const std::vector<std::string>& lines, const std::string& place) {
  std::vector<Row> rows(lines.size());
  for (const char delimiter : {',', ';', '\t'}) {
    bool whole = true;
    for (size_t i = 0; whole && i < lines.size(); ++i)
      whole = split(lines[i], delimiter, rows[i]) && rows[i].size() == rows[0].size();
    if (whole && rows[0].size() > 1) return rows;
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!split(lines[i], ',', rows[i]))
      fail(place, "line {} has a quote that is not closed before the next comma", i + 1);
    if (rows[i].size() != rows[0].size())
      fail(place, "line {} has {} columns, but the first {}: put names that hold commas in quotes", i + 1,
           rows[i].size(), rows[0].size());
  }
  return rows;
}

std::vector<std::string> column_of(const std::vector<Row>& rows, size_t column) {
  std::vector<std::string> fields;
  for (const Row& row : rows) fields.push_back(row[column]);
  return fields;
}

bool has_header(const std::vector<Row>& rows, int64_t classes) {
  const Row& first = rows.front();
  if (rows.size() < 2) return false;
  if (std::all_of(first.begin(), first.end(), is_header_word))  // "class" alone may be a name too
    return first.size() > 1 || classes == 0 || std::ssize(rows) == classes + 1;
  for (size_t column = 0; first.size() > 1 && column < first.size(); ++column) {
    const std::vector<std::string> fields = column_of(rows, column);
    const auto is_number = [](const std::string& field) { return whole_number(field).has_value(); };
    if (!is_number(fields[0]) && std::all_of(fields.begin() + 1, fields.end(), is_number)) return true;
  }
  return false;
}

std::string name_of(const Row& header, size_t column) {
  return header.empty() ? fmt::format("column {}", column + 1) : fmt::format("column '{}'", header[column]);
}

// The columns that are neither an index nor synsets.
std::vector<size_t> other_columns(const std::vector<Row>& rows, const Row& header, const std::string& place,
                                  Labels& labels) {
  std::vector<size_t> others;
  for (size_t column = 0; column < rows[0].size(); ++column) {
    const std::vector<std::string> fields = column_of(rows, column);
    std::vector<std::optional<int64_t>> numbers;
    for (const std::string& field : fields) numbers.push_back(whole_number(field));
    if (const std::optional<int64_t> base = base_of(numbers); base.has_value()) {
      labels.dropped.push_back(index_column(*base));
    } else if (std::all_of(fields.begin(), fields.end(), is_synset)) {
      labels.dropped.emplace_back("a synset column");
    } else if (std::all_of(numbers.begin(), numbers.end(), [](const auto& number) { return number.has_value(); })) {
      fail(place, "{} holds numbers that do not count 0, 1, 2 ...: sort the lines by their index, or remove it",
           name_of(header, column));
    } else {
      others.push_back(column);
    }
  }
  return others;
}

}  // namespace

std::optional<int64_t> base_of(const std::vector<std::optional<int64_t>>& numbers) {
  if (numbers.empty() || !numbers.front().has_value() || *numbers.front() > 1) return std::nullopt;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != *numbers.front() + static_cast<int64_t>(i)) return std::nullopt;
  }
  return numbers.front();
}

std::string index_column(int64_t base) {
  return base == 0 ? "an index column" : fmt::format("an index column that counts from {}", base);
}

std::optional<int64_t> whole_number(std::string_view digits) {
  constexpr size_t kMostDigits = 9;
  if (digits.empty() || digits.size() > kMostDigits || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

bool is_synset(std::string_view word) {
  constexpr size_t kLength = 9;
  return word.size() == kLength && word[0] == 'n' && word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

Labels labels_of_lines(const std::vector<std::string>& lines, const std::string& place) {
  Labels labels{lines, {}};
  const bool before = drop_index(labels, place);
  drop_synsets(labels);
  if (!before && labels.dropped.size() == 1) drop_index(labels, place);  // "n02119789 1 kit fox"
  return labels;
}

bool is_table(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (line.front() == '"' || line.find(",\"") != std::string::npos || line.find(";\"") != std::string::npos ||
        line.find("\t\"") != std::string::npos)
      return true;
  }
  for (const char delimiter : {',', ';', '\t'}) {
    Row header;
    if (split(lines.front(), delimiter, header) && header.size() > 1 &&
        std::all_of(header.begin(), header.end(), is_header_word))
      return true;
  }
  return false;
}

Labels labels_of_table(const std::vector<std::string>& lines, const std::string& place, int64_t classes) {
  std::vector<Row> rows = rows_of(lines, place);
  Row header;
  Labels labels;
  if (has_header(rows, classes)) {
    header = rows.front();
    rows.erase(rows.begin());
  }
  if (rows[0].size() == 1) {
    labels = labels_of_lines(column_of(rows, 0), place);
  } else {
    std::vector<size_t> others = other_columns(rows, header, place, labels);
    const size_t named = static_cast<size_t>(std::count_if(
        others.begin(), others.end(), [&](size_t column) { return !header.empty() && is_name_word(header[column]); }));
    if (others.size() > 1 && named == 1)
      others = {
          *std::find_if(others.begin(), others.end(), [&](size_t column) { return is_name_word(header[column]); })};
    if (others.empty()) fail(place, "holds no column of names beside {}", fmt::join(labels.dropped, " and "));
    if (others.size() > 1)
      fail(place, "{} and {} could both be the names: keep one of them", name_of(header, others[0]),
           name_of(header, others[1]));
    labels.names = column_of(rows, others[0]);
    if (rows[0].size() > 1 + labels.dropped.size()) labels.dropped.emplace_back("other columns");
  }
  if (!header.empty()) labels.dropped.emplace_back("a header");
  return labels;
}

}  // namespace phosphene
