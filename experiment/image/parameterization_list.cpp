#include "experiment/image/parameterization_list.h"

#include <nlohmann/json.hpp>

namespace phosphene {

Value<ParameterizationPtr> parameterization_value() {
  return one_of<ParameterizationPtr>(
      "The parameters that gradient ascent changes, and how they become an image.",
      {fourier_image(), pixel_image(), levels_image(), shared_image(), cppn_image(), prior_image(), maco_image()});
}

ParameterizationPtr default_parameterization() {
  const Json nothing = Json::object();
  return fourier_image().value.read(JsonReader(nothing, ""));
}

}  // namespace phosphene
