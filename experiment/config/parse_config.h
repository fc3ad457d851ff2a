// Reads an experiment's configuration: strict JSON in, checked structs out. Every error names the file, the JSON pointer and the
// nearest valid name. keys.h has all keys.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "loaders/json.h"

namespace phosphene {

// Checks everything that can be checked without the model. `folder`: what file names in the JSON are relative to.
Config parse_config(const Json& given, const std::string& file, const std::string& folder);

// Reads a file; the overrides are applied before parsing (overrides.h).
Config load_config(const std::string& path, const std::vector<std::string>& overrides = {});

}  // namespace phosphene
