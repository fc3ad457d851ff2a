#include "experiment/run/report.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/objective/term_list.h"
#include "experiment/pages/collection_page.h"
#include "experiment/pages/page.h"
#include "experiment/pages/power_spectrum.h"
#include "experiment/pages/report_page.h"
#include "experiment/pages/spectrum_chart.h"
#include "experiment/run/run_folder.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// What the page of several runs shows of one: a section. Pictures are named from the page's folder.
Json section_of(const fs::path& run) {
  const std::string name = run.filename().string();
  const Json frozen = read_json((run / "config.json").string());
  Json pictures = Json::array();
  for (const Json& record : read_records(run.string(), false)) {
    for (const Json& snapshot : record.value("snapshots", Json::array())) {
      if (snapshot.value("step", Json()) != record.value("steps", Json()))
        pictures.push_back({{"picture", name + "/" + snapshot.at("picture").get<std::string>()},
                            {"caption", fmt::format("step {}", snapshot.at("step").get<int64_t>())}});
    }
    pictures.push_back({{"picture", name + "/" + record.at("picture").get<std::string>()},
                        {"caption", record.at("name")},
                        {"objective", record.at("objective")},
                        {"sweep", record.value("sweep", Json::object())}});
  }
  const Json& config = frozen.at("config");
  return {{"name", name},
          {"model", frozen.at("model")},
          {"title", config.value("title", "")},
          {"description", config.value("description", "")},
          {"config", config},
          {"pictures", pictures}};
}

// The spectra that the records hold, drawn over each other; "" where none does.
std::string chart_of(const Json& records) {
  std::vector<SpectrumCurve> curves;
  for (const Json& record : records) {
    if (!record.contains("spectrum")) continue;
    const Json& sweep = record.at("sweep");
    const std::string name = sweep.size() == 1 && sweep.contains("variant") ? sweep["variant"] : record.at("name");
    curves.push_back({name, spectrum_from(record["spectrum"])});
  }
  return spectrum_chart(curves);
}

// What the page says of a record's terms.
Json described(const Json& record) {
  const Json terms = record.value("terms", Json::array());
  const std::vector<TermInWords> words = in_words(terms);
  Json described = Json::array();
  for (size_t i = 0; i < words.size(); ++i) {
    Json term = {{"kind", words[i].kind}, {"words", words[i].words}};
    if (words[i].reads_layer) term["layer"] = words[i].layer.empty() ? record.value("layer", "") : words[i].layer;
    for (const char* key : {"weight", "image"})
      if (terms[i].contains(key)) term[key] = terms[i][key];
    described.push_back(std::move(term));
  }
  return described;
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
  Json run = Json::object();
  run["config"] = read_json(folder + "/config.json");
  run["records"] = read_records(folder, false);
  for (Json& record : run["records"]) record["described"] = described(record);
  run["stopped"] = read_records(folder, true);
  if (const std::string chart = chart_of(run["records"]); !chart.empty()) run["spectra"] = chart;
  std::string path = folder + "/report.html";
  write_file(path, page_with(kReportPage, run));
  return path;
}

}  // namespace phosphene
