#include "runtime/cuda/library_parts.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

namespace phosphene {

std::string open_library(const std::string& path) {
  return dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL) != nullptr ? "" : dlerror();
}

std::string open_parts(const std::string& folder, std::span<const std::string> names, const OpenLibrary& open) {
  for (const std::string& name : names) {
    const std::string beside = open(fmt::format("{}/{}", folder, name));
    if (!beside.empty() && !open(name).empty()) return fmt::format("{} cannot be opened: {}", name, beside);
  }
  return "";
}

std::string folder_of_library(const void* function) {
  Dl_info info{};
  if (dladdr(function, &info) == 0 || info.dli_fname == nullptr) return "";
  return std::filesystem::path(info.dli_fname).parent_path().string();
}

}  // namespace phosphene
