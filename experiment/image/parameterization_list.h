// Every parameterization that a config can name. A new one is a file that defines a row, and its row in
// parameterization_list.cpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiment/image/parameterization.h"
#include "experiment/keys/value.h"

namespace phosphene {

using ParameterizationRow = Kind<ParameterizationPtr>;

// {"fourier": {...}}: an object with the key of one of the rows.
Value<ParameterizationPtr> parameterization_value();
// What a config without the key means, {"fourier": {}}.
ParameterizationPtr default_parameterization();

// The row of a `Made`, whose constructor takes `Keys`, a struct that the keys are read into.
template <class Made, class Keys>
ParameterizationRow parameterization_row(const std::string& sentence, std::vector<Key<Keys>> keys) {
  return {Made::kKind, sentence,
          converted(Object<Keys>(sentence, std::move(keys)).value(),
                    [](const Keys& read) -> ParameterizationPtr { return std::make_shared<Made>(read); })};
}

// Each in the file of this name.
ParameterizationRow fourier_image();
ParameterizationRow pixel_image();
ParameterizationRow levels_image();
ParameterizationRow shared_image();
ParameterizationRow cppn_image();
ParameterizationRow prior_image();
ParameterizationRow maco_image();

}  // namespace phosphene
