// A layer's activations for one photograph.
#pragma once

#include <string>

#include "loaders/model/model.h"
#include "runtime/backend.h"

namespace phosphene {

// The value of `layer`, by any name that the model knows, as 1 x C x h x w, for the photograph at `path`: scaled until its shorter
// side fits into height x width pixels, and cut to them. Throws one line if the file is not a photograph, or for an unknown layer.
HostTensor photo_features(const Model& model, const std::string& layer, const std::string& path, int64_t height,
                          int64_t width, Backend& backend);

}  // namespace phosphene
