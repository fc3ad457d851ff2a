// Where results go when --out does not say.
#pragma once

#include <string>

#include "loaders/json.h"

namespace phosphene {

// runs/NAME, in which what a path or a layer is made of becomes "_". A name that is too long ends in a hash of all of it.
std::string default_folder(const std::string& name);

// The same for a run of `config`, that no other one has: runs/NAME-HASH where runs/NAME holds another experiment, and ever after.
std::string default_run_folder(const std::string& name, const Json& config);

}  // namespace phosphene
