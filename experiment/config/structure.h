// Which jobs can share a program.
#pragma once

#include <string>

#include "experiment/config/config.h"

namespace phosphene {

// The config without what is data of tables (units, positions, vectors, weights, seeds). Equal keys: equal programs, where the network
// is computed alike for all units (experiment/objective/needed_channels.h).
std::string structure_key(const Config& config);

}  // namespace phosphene
