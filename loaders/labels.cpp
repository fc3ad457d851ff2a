#include "loaders/labels.h"

#include <algorithm>
#include <string_view>

#include "loaders/mapped_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr size_t kMaxLabelBytes = size_t{16} << 20;

std::string_view without_synset(std::string_view line) {
  constexpr size_t kDigits = 8;
  const bool synset =
      line.size() > kDigits + 2 && line[0] == 'n' && line[kDigits + 1] == ' ' &&
      std::all_of(line.begin() + 1, line.begin() + kDigits + 1, [](char c) { return c >= '0' && c <= '9'; });
  return synset ? line.substr(kDigits + 2) : line;
}

std::string_view trimmed(std::string_view line) {
  const size_t last = line.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

}  // namespace

std::vector<std::string> read_labels(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (text.size() > kMaxLabelBytes || text.find('\0') != std::string_view::npos)
    fail(path, "is not a text file of labels");
  std::vector<std::string> labels;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    labels.emplace_back(trimmed(without_synset(text.substr(begin, end - begin))));
    begin = end + 1;
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  const auto empty = std::find(labels.begin(), labels.end(), "");
  if (empty != labels.end())
    fail(path, "line {} is empty; expected one label on each line", empty - labels.begin() + 1);
  if (labels.empty()) fail(path, "holds no labels");
  return labels;
}

}  // namespace phosphene
