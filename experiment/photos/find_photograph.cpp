#include "experiment/photos/find_photograph.h"

#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/error.h"

namespace phosphene {

namespace fs = std::filesystem;

std::string find_photograph(const NamedFile& photo, const std::string& place) {
  std::vector<fs::path> tried = {photo.path()};
  const char* assets = std::getenv("PHOSPHENE_ASSETS");
  if (assets != nullptr) tried.push_back(fs::path(assets) / "photos" / photo.name);
  std::vector<std::string> places, there;
  for (const fs::path& path : tried) {
    if (fs::is_regular_file(path)) return path.string();
    places.push_back(path.string());
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(path.parent_path(), none))
      there.push_back(entry.path().filename().string());
  }
  fail(place, "no photograph at {}{}{}", fmt::join(places, " nor "),
       assets == nullptr ? " ($PHOSPHENE_ASSETS is not set)" : "",
       suggestion(fs::path(photo.name).filename().string(), there));
}

}  // namespace phosphene
