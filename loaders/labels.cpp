#include "loaders/labels.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "loaders/label_formats.h"
#include "loaders/text_file.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr size_t kMaxLabelBytes = size_t{16} << 20;

std::string_view trimmed(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view() : line.substr(first, last + 1 - first);
}

std::vector<std::string> lines_of(const std::string& text, const std::string& path) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(trimmed(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  const auto empty = std::find(lines.begin(), lines.end(), "");
  if (empty != lines.end()) fail(path, "line {} is empty; expected one label on each line", empty - lines.begin() + 1);
  if (lines.empty()) fail(path, "holds no labels");
  return lines;
}

void check_names(const std::vector<std::string>& names, const std::string& path) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) fail(path, "the name of class {} is empty", i);
    if (printable(names[i], names[i].size()) != names[i])
      fail(path, "the name of class {} holds characters that cannot be shown: '{}'", i, printable(names[i]));
  }
}

void drop_background(Labels& labels, int64_t classes) {
  std::string first = labels.names.front();
  std::transform(first.begin(), first.end(), first.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::ssize(labels.names) != classes + 1 || (first != "background" && first != "dummy")) return;
  labels.names.erase(labels.names.begin());
  labels.dropped.push_back("the name '" + first + "', a class that the network does not have");
}

}  // namespace

Labels read_labels(const std::string& path, int64_t classes) {
  const std::string text = read_text(path, kMaxLabelBytes), ending = std::filesystem::path(path).extension().string();
  const size_t first = text.find_first_not_of(" \t\r\n");
  Labels labels;
  if (first != std::string::npos && (text[first] == '{' || text[first] == '[')) {
    labels = labels_of_json(text, path);
  } else {
    const std::vector<std::string> lines = lines_of(text, path);
    const bool table = ending == ".csv" || ending == ".tsv" || is_table(lines);
    labels = table ? labels_of_table(lines, path, classes) : labels_of_lines(lines, path);
  }
  check_names(labels.names, path);
  if (classes > 0) drop_background(labels, classes);
  return labels;
}

}  // namespace phosphene
