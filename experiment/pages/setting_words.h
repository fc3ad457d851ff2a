// Settings of a sweep in the words of pages.
#pragma once

#include <string>

#include "loaders/json.h"

namespace phosphene {

// Of a sweep's key: "/optimizer/adam/learning_rate" is "learning rate", "/phases/1/steps" "steps of phase 2".
std::string setting_in_words(const std::string& pointer);

// Of one of its values: [{"pad": 16}, {"crop": 192}] is "pad 16, crop 192", a term of an objective what term_list.h says. At most some 80
// characters.
std::string setting_value_in_words(const std::string& pointer, const Json& value);

// "0.025"
std::string number_in_words(double value);

}  // namespace phosphene
