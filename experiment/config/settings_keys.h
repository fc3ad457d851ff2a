// The keys of the settings, which each phase has for itself, and what they say together.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/settings.h"
#include "experiment/keys/value.h"

namespace phosphene {

// Bits of KeyDescription::scopes.
inline constexpr int kOfTheRun = 1;  // the same for the whole run: neither variants nor a sweep change it
inline constexpr int kOfAPhase = 2;  // a phase may replace it

// What phases have too, in the order they are read: some depend on those before them.
const std::vector<Key<Settings>>& settings_keys();
// The names of those that a phase may replace.
std::vector<std::string> keys_of_a_phase();

// The format of the key of this name.
const Format& settings_format(const std::string& name);
// Its default, as JSON text.
const std::string& settings_default(const std::string& name);

// The settings that a config or a phase says: all keys, and what they say together.
Settings read_settings(const JsonReader& reader);

}  // namespace phosphene
