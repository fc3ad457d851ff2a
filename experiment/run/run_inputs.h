// The files that a run reads. They are part of what the run is: one that is continued must find them as they were.
#pragma once

#include <string>

#include "experiment/config/config.h"
#include "loaders/model/model.h"

namespace phosphene {

// Finds and opens each file that the whole config names (`config`: with its sweep; file names are relative to `folder`), and decodes each
// photograph. Returns for each name, as the config has it, the size and hash of the file, and those of the files beside the model that it
// was read with. Throws, with the place in the config, for a file that is missing or broken. `file`: the config's, for errors.
Json digests_of_inputs(Json config, const std::string& file, const std::string& folder, const Model& model);

// "photo.jpg has changed since: it has 10 bytes and the hash ... now, and had 12 bytes and ..." for the first input that differs, or that
// one side lacks; "" where none does.
std::string changed_input(const Json& there, const Json& now);

}  // namespace phosphene
