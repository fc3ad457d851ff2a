#include "loaders/load_model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "loaders/named_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;
constexpr const char* kEnding = ".safetensors";

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const char* given = std::getenv("PHOSPHENE_MODELS"); given != nullptr && *given != '\0')
    folders.emplace_back(given);
  folders.emplace_back("models");
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    folders.push_back(fs::path(home) / ".cache" / "phosphene");
  // Those that come with phosphene: installed beside the program, or in the checkout that it was built from.
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  folders.push_back((program / "../share/phosphene/models").lexically_normal());
  folders.emplace_back(PHOSPHENE_CHECKOUT_MODELS);
  return folders;
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Sorted within each folder.
std::vector<fs::path> models_in(const std::vector<fs::path>& folders) {
  std::vector<fs::path> paths;
  for (const fs::path& folder : folders) {
    const auto first = std::ssize(paths);
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().extension() == kEnding) paths.push_back(entry->path());
    }
    std::sort(paths.begin() + first, paths.end());
  }
  return paths;
}

}  // namespace

std::vector<std::string> models_here() {
  std::vector<std::string> paths;
  for (const fs::path& path : models_in(model_folders())) paths.push_back(path.string());
  return paths;
}

std::string find_model(const std::string& name_or_path, const std::string& base) {
  const fs::path wanted(name_or_path);
  if (wanted.empty()) fail("model", "expected the name or path of a model");
  std::vector<std::string> tried{path_from(base, name_or_path)};
  const std::vector<fs::path> folders = model_folders();
  if (!wanted.has_parent_path() && !is_rooted(name_or_path)) {
    const std::string file_name = wanted.extension() == kEnding ? name_or_path : name_or_path + kEnding;
    for (const fs::path& folder : folders) {
      const std::string path = path_from(folder.string(), file_name);
      if (std::find(tried.begin(), tried.end(), path) == tried.end()) tried.push_back(path);
    }
  }
  for (const std::string& path : tried)
    if (is_file(path)) return path;
  if (tried.size() == 1 && tried.front() == name_or_path) fail(name_or_path, "no such model");
  std::vector<std::string> names;
  for (const fs::path& path : models_in(folders)) names.push_back(path.stem().string());
  fail(name_or_path, "no such model; tried {}{}", fmt::join(tried, ", "), suggestion(wanted.stem().string(), names));
}

}  // namespace phosphene
