// What kinds of layers there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phosphene::caffe {

// "deploy.prototxt: layer 'conv1'".
std::string place_of(const std::string& path, const std::string& layer);

// The field with a type's settings: "convolution_param"; "" where it has none, and for a type that no import rule knows.
std::string_view parameters_of(std::string_view type);

std::vector<std::string_view> computed_types();  // those with a rule in loaders/import/caffe_rules.cpp
bool is_computed(std::string_view type);
bool passes(std::string_view type);          // changes nothing at inference: dropout, split
bool is_activation(std::string_view type);   // of numbers one by one, not linear
bool works_in_place(std::string_view type);  // whether Caffe lets a top be the layer's own bottom

bool gives_images(std::string_view type);    // a data layer
bool is_of_training(std::string_view type);  // losses, accuracy: nothing stands behind them
bool is_silence(std::string_view type);

}  // namespace phosphene::caffe
