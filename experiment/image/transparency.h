// An image with an alpha channel, seen over another random Fourier image at each step: the key "transparency".
#pragma once

#include "experiment/keys/value.h"

namespace phosphene {

struct Transparency {
  struct Background {
    double sd = 0.2, decay_power = 1.5;  // of its spectrum
  };

  bool gamma = true;  // composed in linear light
  Background background;
};

Value<Transparency> transparency_value();

}  // namespace phosphene
