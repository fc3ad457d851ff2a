// Models in files, of any format.
#pragma once

#include <string>
#include <vector>

#include "loaders/import/import.h"
#include "loaders/model/model.h"

namespace phosphene {

// Reads any supported format, told by its contents and ending. `topology` (Caffe's prototxt), `architecture` (of weights without a
// topology; most are recognised without it) and `labels` (a file of class names: loaders/labels.h) may be empty.
Model load_model(const std::string& path, const std::string& topology = "", const std::string& architecture = "",
                 const std::string& labels = "", const source::ImportOptions& import_options = {});

// A model or generator by path (relative to `base`, if given), else NAME.safetensors in $PHOSPHENE_MODELS, ./models,
// ~/.cache/phosphene, and the folder of those that come with phosphene. Throws naming every place that was tried and the nearest
// model found there.
std::string find_model(const std::string& name_or_path, const std::string& base = "");

// The paths of all models that find_model finds by name, in the order in which it looks.
std::vector<std::string> models_here();

}  // namespace phosphene
