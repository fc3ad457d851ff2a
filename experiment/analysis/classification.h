// The classes that a network sees in an image.
#pragma once

#include <string>
#include <vector>

#include "loaders/model/model.h"

namespace phosphene {

// Class indices by falling probability, the most probable `top` of them.
std::vector<size_t> ranking(const std::vector<float>& probabilities, size_t top);

std::string label_of(const Model& model, size_t index);

}  // namespace phosphene
