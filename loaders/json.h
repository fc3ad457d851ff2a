// JSON as a type that headers can name: only files that read or build a value include the library itself (<nlohmann/json.hpp>).
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace phosphene {

using Json = nlohmann::ordered_json;  // keys keep the order they are written in

}  // namespace phosphene
