// A page of HTML that carries its data as JSON in a script element.
#pragma once

#include <string>
#include <string_view>

#include "loaders/json.h"

namespace phosphene {

// The page with the data in the place of its "@DATA@".
std::string page_with(std::string_view page, const Json& data);

}  // namespace phosphene
