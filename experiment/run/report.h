// The page of a run: pictures, their units, objective curves, the configuration.
#pragma once

#include <string>

namespace phosphene {

// Writes report.html of a run folder from its config.json and records: self-contained but for the pictures beside it.
// Returns the page's path.
std::string write_report(const std::string& folder);

// FOLDER/report.html: a page with a section for each run folder in FOLDER, in the order of their names. Returns its path.
std::string write_collection(const std::string& folder);

}  // namespace phosphene
