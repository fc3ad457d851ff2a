#include "loaders/onnx/onnx_external.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "loaders/onnx/onnx_wire.h"
#include "runtime/error.h"

namespace phosphene::onnx {
namespace {

namespace fs = std::filesystem;

uint64_t number_of(const std::string& path, const std::string& what, const std::string& key, const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    fail(path, "{}: expected a number of bytes as its external {}", what, key);
  return number;
}

bool leads_out(const fs::path& location) {
  if (location.empty() || location.is_absolute() || location.has_root_path()) return true;
  return std::any_of(location.begin(), location.end(), [](const fs::path& part) { return part == ".."; });
}

// Both as the file system finds them: without links.
bool is_inside(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

}  // namespace

std::shared_ptr<const MappedFile> ExternalFiles::open(const std::string& location, const std::string& what) {
  if (location.find('\0') != std::string::npos || !is_readable(location))
    fail(path_, "{}: expected readable text as the location of its external data", what);
  if (leads_out(location))
    fail(path_, "{}: its external data is '{}'; expected a file inside the folder of the .onnx", what, location);
  const auto known = files_.find(location);
  if (known != files_.end()) return known->second;
  std::error_code error;
  fs::path folder = fs::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  folder = fs::canonical(folder, error);
  if (error) fail(path_, "{}: the folder of the .onnx cannot be read: {}", what, error.message());
  const fs::path file = fs::canonical(folder / location, error);
  if (error) fail(path_, "{}: its external data '{}' cannot be opened: {}", what, location, error.message());
  if (!is_inside(file, folder))
    fail(path_, "{}: its external data '{}' is a link that leads out of the folder of the .onnx", what, location);
  return files_[location] = MappedFile::open(file.string());
}

Bytes ExternalFiles::bytes(const TensorProto& tensor, const std::string& what, uint64_t needed) {
  std::map<std::string, std::string> said;
  for (const StringStringEntryProto& entry : tensor.external_data()) {
    if (!said.emplace(entry.key(), entry.value()).second)
      fail(path_, "{}: its external data gives '{}' twice", what, entry.key());
    static const std::vector<std::string> known = {"location", "offset", "length", "checksum"};
    if (std::find(known.begin(), known.end(), entry.key()) == known.end())
      fail(path_, "{}: its external data gives '{}'{}; expected {}", what, entry.key(), suggestion(entry.key(), known),
           fmt::join(known, ", "));
  }
  if (!said.contains("location")) fail(path_, "{}: its external data has no location", what);
  const std::string& location = said["location"];
  const uint64_t offset = said.contains("offset") ? number_of(path_, what, "offset", said["offset"]) : 0;
  const uint64_t length = said.contains("length") ? number_of(path_, what, "length", said["length"]) : needed;
  if (length != needed)
    fail(path_, "{}: its external data in '{}' takes {} bytes; expected {}", what, location, length, needed);
  if (needed == 0) return {};
  const auto file = open(location, what);
  const std::span<const std::byte> all = file->bytes();
  if (offset > all.size() || needed > all.size() - offset)
    fail(path_, "{}: its external data ends behind the end of '{}' ({} bytes): the file is truncated, or another's",
         what, location, all.size());
  return {all.subspan(offset, needed), file};
}

std::vector<std::string> ExternalFiles::paths() const {
  std::vector<std::string> paths;
  for (const auto& [location, file] : files_) paths.push_back((fs::path(path_).parent_path() / location).string());
  return paths;
}

std::shared_ptr<const MappedFile> ExternalFiles::only_file() const {
  return files_.size() == 1 ? files_.begin()->second : nullptr;
}

}  // namespace phosphene::onnx
