// The key "sd": the standard deviation of numbers that are drawn as the start of parameters which can change a picture.
#pragma once

#include <fmt/format.h>

#include <optional>

#include "experiment/keys/value.h"

namespace phosphene {

// Unless the config says otherwise: the image before colour is nearly grey.
inline constexpr double kStartDeviation = 0.01;

// Binds the key to `std::optional<double> sd`. It has no default: {"sd": 0.01} and no key differ where a picture is
// changed.
template <class T>
Key<T> sd_key() {
  return key_read_by<T>(
             "sd", number(0, 100),
             fmt::format("Standard deviation of the start. Default: {}, or 0 where the parameters change a picture.",
                         kStartDeviation),
             [](double sd, T& into) { into.sd = sd; })
      .example("0.02");
}

// The same keys for parameters that change a picture.
template <class T>
T at_the_picture(T keys) {
  if (!keys.sd) keys.sd = 0;
  return keys;
}

}  // namespace phosphene
