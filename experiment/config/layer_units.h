// The units of a sweep that are said to be all of a layer's: how many there are only the model knows.
#pragma once

#include "experiment/config/config.h"
#include "loaders/model/model.h"

namespace phosphene {

// The config whose sweep runs over the units that the layers have. Where the layer is an axis too, both become one, each layer with its
// own units, in its place. Throws where a layer does not exist, or there are too many jobs.
Config with_units_of(const Model& model, Config config);

}  // namespace phosphene
