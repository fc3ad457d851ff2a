#include "runtime/cache_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

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
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string temporary = fmt::format("{}.{}", path, getpid());
  {
    std::ofstream stream(temporary);
    stream << text;
    stream.close();
    if (!stream.good()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(temporary, path, error);
  if (error) std::filesystem::remove(temporary, error);
}

}  // namespace phosphene
