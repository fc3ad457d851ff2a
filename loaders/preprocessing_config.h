// Preprocessing in configurations that stand in JSON files; loaders/known_preprocessing.h says which are read.
#pragma once

#include "loaders/json_reader.h"
#include "loaders/known_preprocessing.h"

namespace phosphene {

enum class ConfigKind {
  own,           // {"scale", "mean", "order"}
  timm,          // mean and std, at the top or in "pretrained_cfg"
  transformers,  // image_mean and image_std, of a preprocessor_config.json
  other
};
ConfigKind kind_of(const JsonReader& json);

// Throws, naming the key, what does not fit, and for `other` what is meant.
GivenPreprocessing preprocessing_of(const JsonReader& json, int64_t channels);

// input = (range * v - mean) / std, the numbers in the network's order. No std is 0.
Preprocessing normalised(double range, const std::vector<double>& mean, const std::vector<double>& std,
                         std::vector<int> order);

std::vector<int> order_of(int64_t channels, bool reversed);

}  // namespace phosphene
