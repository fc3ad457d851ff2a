// Pictures that show nothing.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/tensor.h"

namespace phosphene {

// The colour of a picture (planar, of `shape`'s C H W, in [0, 1]) whose pixels are all of one, to the 8 bits of a file: "#ff0080", with two
// digits for each channel. None where pixels differ, and for a picture of one pixel.
std::optional<std::string> one_colour(std::span<const float> picture, const Shape& shape);

// Whether each channel of such a colour is 0 or 255.
bool at_the_end_of_its_range(const std::string& colour);

}  // namespace phosphene
