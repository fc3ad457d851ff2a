#include "experiment/photos/photo_folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "kernels/philox.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

bool is_photograph(const fs::directory_entry& entry) {
  std::string ending = entry.path().extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending != ".jpg" && ending != ".jpeg" && ending != ".png") return false;
  std::error_code unreadable;  // a link to nowhere is a photograph that cannot be read, not an end of the search
  return entry.is_regular_file(unreadable) || (unreadable && entry.is_symlink(unreadable));
}

bool is_utf8(const std::string& name) {
  try {
    (void)nlohmann::json(name).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

template <class Visit>
void for_each_name(const std::string& folder, Visit&& visit) {
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, kOptions))
    if (is_photograph(entry)) visit(entry.path().lexically_relative(folder).generic_string());
}

}  // namespace

// FNV-1a of the name, whose upper bits alone would be alike for names that are; Philox mixes them.
uint64_t name_key(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  const Philox4x32 mixed = philox4x32(static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), 0, 0, 0);
  return uint64_t{mixed.word[0]} << 32 | mixed.word[1];
}

PhotoFolder::PhotoFolder(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  std::error_code error;
  if (!fs::exists(path_, error)) fail(path_, "no such folder");
  if (!fs::is_directory(path_, error)) fail(path_, "is not a folder; expected the one that holds the photographs");
  fs::directory_iterator(path_, error);
  if (error) fail(path_, "cannot be read ({})", error.message());
}

std::vector<std::string> PhotoFolder::after(const std::string& last, size_t most) const {
  std::vector<std::string> heap;  // the greatest name first
  for_each_name(path_, [&](std::string name) {
    if (name <= last || (heap.size() == most && name >= heap.front()) || !is_utf8(name)) return;
    if (heap.size() == most) {
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(std::move(name));
    std::push_heap(heap.begin(), heap.end());
  });
  std::sort_heap(heap.begin(), heap.end());
  return heap;
}

PhotoFolder::Count PhotoFolder::count(const std::string& last) const {
  Count count;
  for_each_name(path_, [&](const std::string& name) {
    if (!is_utf8(name)) {
      ++count.passed_over;
      return;
    }
    ++count.all;
    if (name > last) return;
    ++count.up_to_last;
    count.keys += name_key(name);
  });
  return count;
}

}  // namespace phosphene
