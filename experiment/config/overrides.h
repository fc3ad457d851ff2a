// Values of a config that the command line gives.
#pragma once

#include <string>
#include <vector>

#include "experiment/keys/format.h"

namespace phosphene {

// Applies "/json/pointer=value" (value JSON, or a plain string).
void apply_override(Json& json, const std::string& text);

// Applies each in turn. A file that one of them names, at any depth, in phases and sweeps too, is the one in the folder that the
// program was started in, and is written into the config as an absolute path: it then means the same from everywhere. What is not
// there but among the photographs of $PHOSPHENE_ASSETS, or the models that are known by name, stays a name. Throws for what is
// nowhere. `folder`: the config's, whose own files are not meant. `given`: pointers to what came from the command line before.
void apply_overrides(Json& json, const std::vector<std::string>& overrides, const std::string& folder,
                     const std::vector<std::string>& given = {});

// All files that a config names: those of its phases and of its sweep's values too.
void visit_files_of_config(Json& config, const FileVisitor& visit);

}  // namespace phosphene
