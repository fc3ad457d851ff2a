// What a network sees in a photograph under each preprocessing that may be meant: a wrong one is seen at once.
#pragma once

#include <string>

#include "loaders/model/model.h"

namespace phosphene {

// The five most probable classes of `photo` under each named preprocessing and the model's own, in columns for a terminal of 80. The
// model's own is marked. Throws for a network without classes, or one that does not read three channels.
std::string try_preprocessing(const Model& model, const std::string& photo);

}  // namespace phosphene
