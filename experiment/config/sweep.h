// From one config to its jobs: a sweep expands to one config for each combination of its values.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"

namespace phosphene {

// One combination of a sweep's values: a config of its own. Its index is part of every random draw's key.
struct Job {
  uint32_t index = 0;
  Config config;
  KeptJson values;                 // pointer -> value of the sweep; "variant" -> its name
  std::vector<std::string> names;  // of its images: unique in the run, usable as file names
  std::string structure;           // jobs of one structure can share a program
};

// The product of the sweep's axes, variants slowest and the last one fastest; one job without a sweep. A variant replaces whole keys,
// because a merge could put two parameterizations side by side. The jobs' structure is that of their configs (structure.h). Throws when
// a combination is not a valid config.
std::vector<Job> expand(const Config& config);

}  // namespace phosphene
