// Class names.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

// One label a line, by class index; a leading synset id ("n01440764 ") and trailing blanks are dropped. Throws when a
// line before the last is empty: the indices after it would be in doubt.
std::vector<std::string> read_labels(const std::string& path);

}  // namespace phosphene
