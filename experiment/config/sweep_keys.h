// How a config writes a sweep: axes of values at JSON pointers, and named variants.
#pragma once

#include "experiment/config/config.h"
#include "experiment/keys/format.h"

namespace phosphene {

FormatPtr sweep_format();

// Fills config.sweep and config.variants.
void read_sweep(const JsonReader& reader, Config& config);

}  // namespace phosphene
