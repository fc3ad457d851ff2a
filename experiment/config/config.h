// An experiment's configuration: what all its jobs have, as checked structs. parse_config.h reads it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment/config/settings.h"
#include "experiment/config/sweep.h"
#include "loaders/json_reader.h"

namespace phosphene {

// The settings are the first phase's.
struct Config : Settings {
  NamedFile model;
  std::vector<Settings> later_phases;
  std::vector<int64_t> snapshots;  // numbers of updates, ascending; they count through all phases
  int64_t batch = 0;               // images packed into one program at most; 0: automatic
  bool save_image = false;         // also as float32
  bool save_spectrum = false;
  bool save_power_spectrum = false;  // in the record and the report

  std::string file;  // where it was read from, for errors
  KeptJson json;     // as given, overrides applied, defaults not filled in; without "sweep"

  Sweep sweep;
  std::string variant;  // of a sweep, or ""

  [[nodiscard]] const std::string& folder() const { return model.folder; }  // what its file names are relative to
  [[nodiscard]] size_t phases() const { return 1 + later_phases.size(); }
  [[nodiscard]] const Settings& phase(size_t index) const { return index == 0 ? *this : later_phases.at(index - 1); }
  [[nodiscard]] int64_t steps_of_all_phases() const { return steps_before(phases()); }
  [[nodiscard]] int64_t steps_before(size_t phase) const;
};

}  // namespace phosphene
