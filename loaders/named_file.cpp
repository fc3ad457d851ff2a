#include "loaders/named_file.h"

#include <cstdlib>
#include <filesystem>

namespace phosphene {
namespace {

namespace fs = std::filesystem;

bool begins_at_home(const std::string& name) { return name == "~" || name.starts_with("~/"); }

std::string home() {
  const char* folder = std::getenv("HOME");
  return folder == nullptr ? "" : folder;
}

}  // namespace

bool is_rooted(const std::string& name) {
  return fs::path(name).is_absolute() || (begins_at_home(name) && !home().empty());
}

std::string path_from(const std::string& folder, const std::string& name) {
  const bool at_home = begins_at_home(name) && !home().empty();
  const fs::path path = at_home ? fs::path(home() + name.substr(1)) : fs::path(folder) / name;
  const fs::path normal = path.lexically_normal();
  // Behind a link to a folder, ".." is not the folder that the link stands in.
  std::error_code error;
  const bool elsewhere = fs::exists(path, error) && !fs::equivalent(path, normal, error);
  return elsewhere ? path.string() : normal.string();
}

}  // namespace phosphene
