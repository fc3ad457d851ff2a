// Units of a layer as a user names them: "0,5,97", "0-511", "all".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

// In rising order, each once. `where` stands in errors, which name what is wrong, the layer and its number of channels.
std::vector<int64_t> parse_units(const std::string& text, const std::string& where, const std::string& layer,
                                 int64_t channels);

}  // namespace phosphene
