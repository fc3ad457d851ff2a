#include "experiment/report.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "experiment/config.h"
#include "experiment/report_page.h"
#include "experiment/run_folder.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// The records whose names end so, by job and image; those without, by name.
std::vector<Json> read_records(const std::string& folder, bool stopped) {
  std::vector<Json> records;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder + "/records")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && name.ends_with(".stopped.json") == stopped)
      records.push_back(read_json(entry.path().string()));
  }
  std::sort(records.begin(), records.end(), [](const Json& a, const Json& b) {
    const auto key = [](const Json& record) {
      return std::tuple(record.value("job", int64_t{0}), record.value("image", int64_t{0}),
                        record.value("name", std::string()));
    };
    return key(a) < key(b);
  });
  return records;
}

// JSON that may stand in a script element: "<" occurs in texts only, where it can be escaped.
std::string for_script(const Json& json) {
  std::string text;
  for (const char c : json.dump()) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string write_report(const std::string& folder) {
  Json run = Json::object();
  run["config"] = read_json(folder + "/config.json");
  run["records"] = read_records(folder, false);
  run["stopped"] = read_records(folder, true);
  constexpr std::string_view kPlace = "@RUN@";
  std::string page(kReportPage);
  const size_t at = page.find(kPlace);
  if (at == std::string::npos) fail_internal("report", "the page has no place for its data");
  page.replace(at, kPlace.size(), for_script(run));
  std::string path = folder + "/report.html";
  write_text(path, page);
  return path;
}

}  // namespace phosphene
