// All keys of a config, each stated once: name, sentence, format, default, and what it may differ in. From here come the strict
// parser (config.cpp), the schema for editors and the reference of all keys (schema.h), what phases and variants may hold, and what
// jobs of one program may differ in (batches.h).
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/keys/value.h"

namespace phosphene {

// Bits of KeyDescription::scopes.
inline constexpr int kOfTheRun = 1;  // the same for the whole run: neither variants nor a sweep change it
inline constexpr int kOfAPhase = 2;  // a phase may replace it

// What phases have too, in the order they are read: some depend on those before them.
const std::vector<Key<Settings>>& settings_keys();
// What a config has once: read before its settings, and after them.
const std::vector<Key<Config>>& heading_keys();
const std::vector<Key<Config>>& run_keys();

// Of all three, in this order.
const ObjectFormat& config_format();

// The names of the keys in a scope.
std::vector<std::string> keys_in_scope(int scope);

}  // namespace phosphene
