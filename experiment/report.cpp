#include "experiment/report.h"

#include "experiment/config.h"
#include "experiment/page.h"
#include "experiment/report_page.h"
#include "experiment/run_folder.h"

namespace phosphene {
std::string write_report(const std::string& folder) {
  Json run = Json::object();
  run["config"] = read_json(folder + "/config.json");
  run["records"] = read_records(folder, false);
  run["stopped"] = read_records(folder, true);
  std::string path = folder + "/report.html";
  write_text(path, page_with(kReportPage, run));
  return path;
}

}  // namespace phosphene
