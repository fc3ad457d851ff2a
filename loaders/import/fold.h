// Passes over a Model that has just been imported.
#pragma once

#include <string>
#include <vector>

#include "loaders/model/model.h"

namespace phosphene::source {

// A factor and a shift for each channel move into the convolution or the linear layer before them, if nothing else reads that and it is
// none of `results`; of two that follow each other one is made. The layer gets the name of what moved into it. What it was called before
// becomes a layer behind it that takes the factor and the shift out again, computed only if it is asked for; where a channel's factor
// is too small for that, Model::folded says what to ask for instead.
void fold_affines(Model& model, const std::vector<std::string>& results);

// Zeros padded around a map move into the window of the convolution that reads them.
void fold_paddings(Model& model);

// The layer that gives the first result stands last, as Model::logits expects.
void put_last(Model& model, const std::string& layer);

}  // namespace phosphene::source
