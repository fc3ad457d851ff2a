// A photograph that a config names.
#pragma once

#include <string>

#include "experiment/config/config.h"

namespace phosphene {

// Its path: as given, from the config's folder, or in $PHOSPHENE_ASSETS/photos. Throws, naming the places tried and the nearest file
// there is in them.
std::string find_photograph(const Config& config, const std::string& name, const std::string& place);

}  // namespace phosphene
