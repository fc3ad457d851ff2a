// Names of files that are made from names of layers, classes and settings: legal on every file system, and never two for one file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

namespace phosphene {

// `text` as part of a file's name. Letters of every language, digits and ._- stay, ":" becomes "-", all else "_": spaces, other
// ASCII, controls, bytes that are no UTF-8. The result may still be too long, hidden or reserved.
std::string as_file_name(std::string_view text);

// The same for a name that people choose, where ASCII stays but for / \ : * ? " < > | and controls.
std::string as_chosen_file_name(std::string_view text);

// A whole name, without its ending: not empty, not hidden (.a becomes _a), without a point or space at its end, none of Windows'
// devices (CON becomes _CON). One of more than `most` bytes is cut between characters and ends in a hash of all of it.
inline constexpr size_t kMostOfAFileName = 120;  // bytes: leaves room for numbers, endings and temporary names
std::string as_whole_file_name(std::string name, size_t most = kMostOfAFileName);

// 8 hexadecimal digits that tell texts apart.
std::string short_hash(std::string_view text);

// What names have in common that some file system takes for one: case, and how letters are composed from marks. Unicode's full
// case folding and canonical decomposition, but that marks in a row are ordered by their numbers.
std::string folded_name(std::string_view name);

// The names of a folder.
class FileNames {
 public:
  // Whether no file system takes `name` for one that was added.
  [[nodiscard]] bool is_free(std::string_view name) const { return !taken_.contains(folded_name(name)); }
  void add(std::string_view name) { taken_.insert(folded_name(name)); }
  // `name`, or where it is taken the first of NAME_2, NAME_3 ... that is not. Adds it.
  std::string take(const std::string& name);

 private:
  std::unordered_set<std::string> taken_;
};

}  // namespace phosphene
