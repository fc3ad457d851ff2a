#include "experiment/run/run_photographs.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "loaders/json_reader.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// From which pictures are named, as seen from the run folder.
std::vector<std::string> folders_of_examples(const std::string& folder) {
  std::vector<std::string> folders;
  std::error_code error;
  if (fs::exists(folder + "/examples/index.json", error)) folders.emplace_back("examples");
  for (fs::directory_iterator entry(folder + "/examples", error), end; !error && entry != end; entry.increment(error))
    if (fs::exists(entry->path() / "index.json", error))
      folders.push_back("examples/" + entry->path().filename().string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

Json crops_json(const Json& examples, const std::string& folder) {
  Json list = Json::array();
  for (const Json& one : examples)
    list.push_back({{"picture", folder + "/" + one.at("picture").get<std::string>()},
                    {"photograph", one.at("photograph")},
                    {"activation", one.at("activation").get<double>()},
                    {"crop", one.at("crop")}});
  std::stable_sort(list.begin(), list.end(), [](const Json& a, const Json& b) {
    return a["activation"].get<double>() < b["activation"].get<double>();
  });
  return list;
}

}  // namespace

Json photographs_in(const std::string& folder, const std::vector<PictureUnit>& units) {
  std::unordered_set<std::string> wanted;
  for (const PictureUnit& unit : units) wanted.insert(unit.key());
  Json photographs = Json::object();
  for (const std::string& examples : folders_of_examples(folder)) {
    const std::string file = folder + "/" + examples + "/index.json";
    try {
      const Json index = read_json(file);
      const std::string layer = without_pre(index.at("asked").at("layer").get<std::string>());
      for (const Json& unit : index.at("units")) {
        const std::string key = fmt::format("{}:{}", layer, unit.at("unit").get<int64_t>());
        if (!wanted.contains(key)) continue;
        for (const char* kind : {"lowest", "below_zero", "median", "highest"})
          photographs[key][kind] = crops_json(unit.at(kind), examples);
      }
    } catch (const Json::exception& error) {
      fail(file, "is not an index of examples ({})", error.what());
    }
  }
  return photographs;
}

}  // namespace phosphene
