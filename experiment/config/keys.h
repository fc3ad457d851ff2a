// All keys of a config, each stated once: name, sentence, format, default, and what it may differ in. From here come the strict
// parser (parse_config.cpp), the schema for editors and the reference of all keys (schema.h), what phases and variants may hold, and what
// jobs of one program may differ in (structure.h).
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/config/settings_keys.h"
#include "experiment/keys/value.h"

namespace phosphene {

// Of the schema, for editors. Changes nothing: it is neither kept nor compared.
inline constexpr const char* kSchemaKey = "$schema";

// What a config has once: read before its settings, and after them.
const std::vector<Key<Config>>& heading_keys();
const std::vector<Key<Config>>& run_keys();

// Of all three, in this order.
const ObjectFormat& config_format();

// The names of the keys in a scope.
std::vector<std::string> keys_in_scope(int scope);

}  // namespace phosphene
