// JSON Schema for tests: what the schema of configs uses of it, after draft 2020-12. Anything else in a schema is an error.
#pragma once

#include "loaders/json.h"

namespace phosphene::testing {

// Whether `value` is valid. `root`: what "$ref" begins at.
bool fits_schema(const Json& value, const Json& schema, const Json& root);

}  // namespace phosphene::testing
