// The photographs of a run's units: what `phosphene examples ... --out RUN/examples` or RUN/examples/NAME has found.
#pragma once

#include <string>
#include <vector>

#include "experiment/pages/captions.h"
#include "loaders/json.h"

namespace phosphene {

// "LAYER:UNIT" -> {lowest, below_zero, median, highest}, each a list of {picture, photograph, activation, crop}, by rising activation;
// pictures are named from the run folder. Only of these units. Throws for an index.json that is none of examples
// (experiment/examples/examples_index.h).
Json photographs_in(const std::string& folder, const std::vector<PictureUnit>& units);

}  // namespace phosphene
