// The forms that lists of class names have; loaders/labels.h says which, and what they refuse. `place` names the file in errors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/labels.h"

namespace phosphene {

// How a list's numbers are numbered: 0 for 0, 1, 2 ..., 1 for 1, 2, 3 ...; none when they do not count.
std::optional<int64_t> base_of(const std::vector<std::optional<int64_t>>& numbers);

// "an index column", with where it begins unless that is 0.
std::string index_column(int64_t base);

std::optional<int64_t> whole_number(std::string_view digits);  // digits only, below 10^9
bool is_synset(std::string_view word);                         // "n01440764"

Labels labels_of_lines(const std::vector<std::string>& lines, const std::string& place);

// Whether lines are a table: by their quotes, or by a header.
bool is_table(const std::vector<std::string>& lines);
Labels labels_of_table(const std::vector<std::string>& lines, const std::string& place, int64_t classes);

Labels labels_of_json(const std::string& text, const std::string& place);

}  // namespace phosphene
