// Preprocessing by name, and from the configurations that other programs write beside their weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loaders/model/model.h"

namespace phosphene {

struct GivenPreprocessing {
  Preprocessing preprocessing;
  std::string source;             // for Model::preprocessing_source: "imagenet", "config.json of timm"
  int64_t height = 0, width = 0;  // of the input, where a configuration says so, else 0
  std::string path = {};          // of the configuration; "" for a name
};

// imagenet, caffe, inception, zero-to-one, raw.
std::vector<std::string> known_preprocessing_names();

// For a network that reads so many channels; none where the name is for another number of them. imagenet and caffe have three.
std::optional<Preprocessing> known_preprocessing(const std::string& name, int64_t channels);

// A name as above, or a JSON file: our own {"scale": 255, "mean": [...], "order": [...]} (scale: a number or a list),
// timm's config.json, or transformers' preprocessor_config.json. Throws one line for anything else, for another number of
// channels, and for what a configuration asks for that is none of these sums.
GivenPreprocessing read_preprocessing(const std::string& name_or_path, int64_t channels);

// Read from a preprocessor_config.json or a timm config.json beside the weights in `weights_path`. Empty if neither is there
// or it configures something else. Throws as above if it is one of these and does not fit.
std::optional<GivenPreprocessing> preprocessing_beside(const std::string& weights_path, int64_t channels);

// What the user gave with --preprocessing replaces what the model has; a mean image of Caffe (.binaryproto) its means alone, unless what
// it has is assumed.
void set_preprocessing(Model& model, const std::string& name_or_path);

}  // namespace phosphene
