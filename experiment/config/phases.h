// The phases of a config: what is done with the pictures once the steps of the config itself are over. Each is a few keys that
// replace those of the phase before it. While the parameters stay what they are the optimisation goes on; another parameterization,
// colour or size takes the finished picture over, and changes it from there:
//   image = colour(start + parameters),  start = colour^-1 of the picture, clipped to [kPictureMargin, 1 - kPictureMargin]
// What two phases say is compared by its meaning: a default that is written out changes nothing.
#pragma once

#include "experiment/config/config.h"
#include "experiment/keys/format.h"

namespace phosphene {

FormatPtr phases_format();

// Reads the list `phases` into config.later_phases. `config`: read so far, with the settings of the first phase.
void read_phases(const JsonReader& reader, Config& config);

}  // namespace phosphene
