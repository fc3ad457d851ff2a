#include "experiment/photos/find_photograph.h"

#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/error.h"

namespace phosphene {

namespace fs = std::filesystem;

std::string find_photograph(const NamedFile& photo, const std::string& place) {
  std::vector<std::string> tried = {photo.path()};
  const char* assets = std::getenv("PHOSPHENE_ASSETS");
  const bool is_set = assets != nullptr && *assets != '\0';
  if (is_set && !is_rooted(photo.name)) {
    std::string path = path_from((fs::path(assets) / "photos").string(), photo.name);
    if (path != tried.front()) tried.push_back(std::move(path));
  }
  std::vector<std::string> there;
  for (const std::string& path : tried) {
    std::error_code none;
    if (fs::is_regular_file(path, none)) return path;
    for (fs::directory_iterator entry(fs::path(path).parent_path(), none), end; !none && entry != end;
         entry.increment(none))
      there.push_back(entry->path().filename().string());
  }
  fail(place, "no photograph at {}{}{}", fmt::join(tried, " nor "), is_set ? "" : " ($PHOSPHENE_ASSETS is not set)",
       suggestion(fs::path(photo.name).filename().string(), there));
}

}  // namespace phosphene
