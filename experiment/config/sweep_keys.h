// How a config writes a sweep: axes of values at JSON pointers, and named variants.
#pragma once

#include "experiment/config/config.h"
#include "experiment/keys/format.h"

namespace phosphene {

// `of_the_run`: the names of the keys that neither variants nor axes may change; asked when they are needed.
FormatPtr sweep_format(std::vector<std::string> (*of_the_run)());

// Fills config.sweep and config.variants.
void read_sweep(const JsonReader& reader, const std::vector<std::string>& of_the_run, Config& config);

}  // namespace phosphene
