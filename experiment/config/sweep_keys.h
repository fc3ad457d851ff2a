// How a config writes a sweep: axes of values at JSON pointers, and named variants.
#pragma once

#include "experiment/config/sweep.h"
#include "experiment/keys/format.h"

namespace phosphene {

// `of_the_run`: the names of the keys that neither variants nor axes may change; asked when they are needed.
FormatPtr sweep_format(std::vector<std::string> (*of_the_run)());

// The sweep with the values of the files that it names in their place ({"from": "units.json"}): what was drawn stays known when such a
// file changes. Throws for a file that is missing or holds no list.
Json with_values_of_files(const JsonReader& reader);

// What is said of its form: how many values, none twice.
Sweep read_sweep(const JsonReader& reader);

// Throws where the config (as JSON) has no place for a key that the sweep changes, or it is one of `of_the_run`. `reader`: of a sweep
// that could be read.
void check_sweep(const JsonReader& reader, const std::vector<std::string>& of_the_run, const Json& config);

}  // namespace phosphene
