// A photograph that a config or a flag names.
#pragma once

#include <string>

#include "loaders/json_reader.h"

namespace phosphene {

// Its path: as given, from the folder of the file that names it, or in $PHOSPHENE_ASSETS/photos. `place`: what names it, for errors.
// Throws, naming the places tried and the nearest file there is in them.
std::string find_photograph(const NamedFile& photo, const std::string& place);

}  // namespace phosphene
