// The random transforms that each step applies to the image before the network sees it.
#pragma once

#include <string>

#include "experiment/keys/value.h"
#include "layers/transform/transform_list.h"

namespace phosphene {

struct Transforms {
  std::string preset = "distill";  // or "" with `list`, or `replay`
  TransformList list;              // `shared` and `outside` count for presets too
  NamedFile replay;                // recorded matrices, a file
  double noise = 0;                // deviation of what is added to the view, in the picture's range [0, 1]
};

Value<Transforms> transforms_value();

}  // namespace phosphene
