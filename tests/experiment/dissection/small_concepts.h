// A folder of labelled photographs for tests: noise, in which a bright square is the concept "square" and the upper half of every
// second one "sky"; both overlap.
#pragma once

#include <string>

#include "tests/support/temporary_folder.h"

namespace phosphene::testing {

// Writes images/pN.png (N from 0, of 24 x 24 pixels), masks/object and masks/scene, and concepts.csv below `folder`.
void write_small_concepts(const TemporaryFolder& folder, const std::string& name, int photographs);

// A mask of one label everywhere.
void write_mask(const std::string& path, int64_t height, int64_t width, int label);

}  // namespace phosphene::testing
