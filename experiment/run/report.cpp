#include "experiment/run/report.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/pages/captions.h"
#include "experiment/pages/collection_page.h"
#include "experiment/pages/page.h"
#include "experiment/pages/report_page.h"
#include "experiment/run/report_data.h"
#include "experiment/run/run_folder.h"
#include "experiment/run/run_photographs.h"
#include "loaders/json_reader.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// The pictures of a record in the page of several runs, named from the page's folder: on the way, and the last.
void append_pictures(const Json& record, const Caption& caption, const std::string& run, Json& pictures) {
  for (const Json& snapshot : record.value("snapshots", Json::array())) {
    if (snapshot.value("step", Json()) == record.value("steps", Json())) continue;
    pictures.push_back({{"picture", run + "/" + snapshot.at("picture").get<std::string>()},
                        {"heading", fmt::format("step {}", snapshot.at("step").get<int64_t>())},
                        {"words", caption.heading + (caption.words.empty() ? "" : " · " + caption.words)}});
  }
  pictures.push_back({{"picture", run + "/" + record.at("picture").get<std::string>()},
                      {"heading", caption.heading},
                      {"words", caption.words},
                      {"objective", record.at("objective")},
                      {"units", units_json(caption.units)}});
}

// What the page of several runs shows of one: a section.
Json section_of(const fs::path& run) {
  const std::string name = run.filename().string();
  const Json frozen = read_json((run / "config.json").string());
  const Json& config = frozen.at("config");
  Json pictures = Json::array();
  std::vector<PictureUnit> units;
  for (const Json& record : read_records(run.string(), false)) {
    const Caption caption = caption_of(record, config);
    append_pictures(record, caption, name, pictures);
    units.insert(units.end(), caption.units.begin(), caption.units.end());
  }
  return {{"name", name},
          {"model", frozen.at("model")},
          {"title", config.value("title", "")},
          {"description", config.value("description", "")},
          {"config", config},
          {"photographs", photographs_in(run.string(), units)},
          {"pictures", pictures}};
}

}  // namespace

std::string write_collection(const std::string& folder) {
  if (!fs::is_directory(folder)) fail(folder, "no such folder");
  std::vector<fs::path> runs;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "config.json") && fs::is_directory(entry.path() / "records")) runs.push_back(entry);
  if (runs.empty()) fail(folder, "contains no run folder");
  std::sort(runs.begin(), runs.end());
  Json sections = Json::array();
  for (const fs::path& run : runs) sections.push_back(section_of(run));
  std::string path = folder + "/report.html";
  write_file(path,
             page_with(kCollectionPage, {{"name", fs::canonical(folder).filename().string()}, {"sections", sections}}));
  return path;
}

std::string write_report(const std::string& folder) {
  std::string path = folder + "/report.html";
  write_file(path, page_with(kReportPage, report_data(folder)));
  return path;
}

}  // namespace phosphene
