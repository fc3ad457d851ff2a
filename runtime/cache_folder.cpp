#include "runtime/cache_folder.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {

std::string cache_folder() {
  for (const auto& [variable, below] :
       {std::pair{"PHOSPHENE_CACHE", ""}, {"XDG_CACHE_HOME", "/phosphene"}, {"HOME", "/.cache/phosphene"}}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return std::string(value) + below;
  }
  return "";
}

void write_cache_file(const std::string& path, const std::string& text) {
  try {
    make_folder(std::filesystem::path(path).parent_path().string());
    write_file(path, text);
  } catch (const Error&) {  // see the header
  }
}

}  // namespace phosphene
