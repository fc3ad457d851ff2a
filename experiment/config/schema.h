// What is written from the table of keys (keys.h): `phosphene schema` prints both.
#pragma once

#include <string>

#include "loaders/json.h"

namespace phosphene {

// The JSON Schema (draft 2020-12) of a config, for editors. It accepts what the parser accepts, except for what several keys say
// together.
Json config_schema();

// The reference of all keys for people, as Markdown: each with its sentence, value, default and an example.
std::string config_reference();

}  // namespace phosphene
