// How the image before colour becomes colours: the key "colour".
#pragma once

#include "experiment/keys/value.h"

namespace phosphene {

// automatic: decorrelated where the network sees three channels, but plain for a CPPN. clipped: decorrelated and
// clipped instead of squashed.
enum class ColourSpace { automatic, decorrelated, plain, clipped };

// The words of a config. A config that says none of them means `automatic`.
Value<ColourSpace> colour_value();

}  // namespace phosphene
