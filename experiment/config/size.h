// A size in pixels, as a config writes it.
#pragma once

#include <cstdint>

#include "experiment/keys/value.h"

namespace phosphene {

struct Size {
  int64_t height = 0, width = 0;
  bool operator==(const Size&) const = default;
};

// One number for a square, or [height, width].
Value<Size> size_value();

}  // namespace phosphene
