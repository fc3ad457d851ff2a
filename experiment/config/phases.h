// The phases of a config: what is done with the pictures once the steps of the config itself are over. Each is a few keys that replace
// those of the phase before it. While the parameters stay what they are the optimisation goes on; another parameterization, colour
// or size takes the finished picture over, and changes it from there:
//   image = colour(start + parameters),  start = colour^-1 of the picture, clipped to [kPictureMargin, 1 - kPictureMargin]
#pragma once

#include <string>

#include "loaders/json_reader.h"

namespace phosphene {

// What a phase and the first share: all keys but those that are about the whole run (config.cpp).
Config parse_settings(const JsonReader& reader, const std::string& directory);

// Reads the list `phases` into config.later_phases. `config`: the first phase.
void parse_phases(const JsonReader& reader, Config& config);

// Unless the config says otherwise, parameters that change a picture start at 0.
void start_at_the_picture(Config& config);

}  // namespace phosphene
