#include "loaders/keras/layer_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "loaders/shown.h"

namespace phosphene::keras {
namespace {

using source::Attribute;

constexpr int64_t kMost = int64_t{1} << 53;  // integers that JSON's numbers hold exactly

// What matters to training alone, or says once more what stands elsewhere.
bool is_harmless(const std::string& key) {
  static const std::set<std::string> keys = {"name",
                                             "trainable",
                                             "dtype",
                                             "batch_input_shape",
                                             "batch_shape",
                                             "batch_size",
                                             "input_dtype",
                                             "input_shape",
                                             "sparse",
                                             "ragged",
                                             "optional",
                                             "autocast",
                                             "momentum",
                                             "renorm",
                                             "renorm_clipping",
                                             "renorm_momentum",
                                             "virtual_batch_size",
                                             "fused",
                                             "synchronized",
                                             "adjustment",
                                             "seed",
                                             "noise_shape"};
  return keys.contains(key) || key.ends_with("_initializer") || key.ends_with("_regularizer") ||
         key.ends_with("_constraint");
}

// {"class_name": "DTypePolicy", "config": {"name": "float32"}}, or the name itself.
std::string dtype_of(const JsonReader& dtype) {
  if (!dtype.is_object()) return dtype.string();
  return dtype.at("config").at("name").string();
}

void check_dtype(const JsonReader& config) {
  static const std::vector<std::string> readable = {"float32",  "float16",       "float64",
                                                    "bfloat16", "mixed_float16", "mixed_bfloat16"};
  if (!config.has("dtype") || config.at("dtype").is_null()) return;
  const std::string dtype = dtype_of(config.at("dtype"));
  if (std::find(readable.begin(), readable.end(), dtype) == readable.end())
    config.refuse("computes with {}; expected {}", shown(dtype), fmt::join(readable, ", "));
}

// A function by its name, {"class_name": "function", "config": "relu"}, or a class without a configuration of its own.
std::string activation_of(const JsonReader& activation) {
  std::string word = activation.at("class_name").string();
  const bool has_config = activation.has("config");
  if (word == "function" && has_config && activation.at("config").is_string()) return activation.at("config").string();
  if (word == "Lambda" || word == "__lambda__") activation.refuse("holds Python code, which is never run");
  static const std::vector<std::string> say_nothing = {"name", "trainable", "dtype"};
  if (has_config && activation.at("config").is_object()) {
    for (const std::string& key : activation.at("config").keys()) {
      if (std::find(say_nothing.begin(), say_nothing.end(), key) == say_nothing.end())
        activation.refuse("the activation {} with {} is not read; give it as a layer of its own", shown(word),
                          shown(key));
    }
  }
  return word;
}

// Numbers of lists within each other, in order.
struct Flat {
  std::vector<double> numbers;
  bool integers = true;
  std::vector<std::string> texts;
};

void flatten(const JsonReader& json, Flat& flat) {
  constexpr double kLargest = 1e300;
  if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) flatten(json.at(i), flat);
  } else if (json.is_string()) {
    flat.texts.push_back(json.string());
  } else if (json.is_boolean()) {
    flat.numbers.push_back(json.boolean() ? 1 : 0);
  } else {
    flat.numbers.push_back(json.number(-kLargest, kLargest));
    flat.integers = flat.integers && json.json().is_number_integer();
    if (json.json().is_number_integer()) static_cast<void>(json.integer(-kMost, kMost));
  }
}

Attribute flat_list(const JsonReader& list) {
  Flat flat;
  flatten(list, flat);
  if (!flat.texts.empty()) {
    if (!flat.numbers.empty()) list.refuse("mixes numbers and texts");
    return flat.texts;
  }
  if (!flat.integers) return flat.numbers;
  std::vector<int64_t> integers;
  for (const double number : flat.numbers) integers.push_back(static_cast<int64_t>(number));
  return integers;
}

Attribute attribute_of(const std::string& key, const JsonReader& value) {
  if (value.is_string()) return value.string();
  if (value.is_boolean()) return static_cast<int64_t>(value.boolean());
  if (value.is_array()) return flat_list(value);
  if (value.is_object()) {
    if (key == "activation") return activation_of(value);
    if (value.has("class_name") && value.at("class_name").string() == "__tuple__") return flat_list(value.at("items"));
    value.refuse("is an object, which is not read here");
  }
  if (value.json().is_number_integer()) return value.integer(-kMost, kMost);
  constexpr double kLargest = 1e300;
  return value.number(-kLargest, kLargest);
}

bool flag(const JsonReader& config, const std::string& key) { return !config.has(key) || config.at(key).boolean(); }

}  // namespace

std::map<std::string, Attribute> attributes_of(const JsonReader& config) {
  check_dtype(config);
  std::map<std::string, Attribute> attributes;
  for (const std::string& key : config.keys()) {
    const JsonReader value = config.at(key);
    if (!is_harmless(key) && !value.is_null()) attributes.emplace(key, attribute_of(key, value));
  }
  return attributes;
}

std::vector<std::string> weight_names(const std::string& class_name, const JsonReader& config) {
  static const std::set<std::string> with_kernel = {"Conv1D",          "Conv2D",          "Conv3D", "Conv1DTranspose",
                                                    "Conv2DTranspose", "Conv3DTranspose", "Dense"};
  static const std::set<std::string> depthwise = {"DepthwiseConv1D", "DepthwiseConv2D"};
  static const std::set<std::string> separable = {"SeparableConv1D", "SeparableConv2D"};
  static const std::set<std::string> batch_norms = {"BatchNormalization", "SyncBatchNormalization"};
  static const std::set<std::string> other_norms = {"LayerNormalization", "GroupNormalization"};
  std::vector<std::string> names;
  if (with_kernel.contains(class_name)) names = {"kernel"};
  if (depthwise.contains(class_name)) names = {"depthwise_kernel"};
  if (separable.contains(class_name)) names = {"depthwise_kernel", "pointwise_kernel"};
  if (!names.empty()) {
    if (flag(config, "use_bias")) names.emplace_back("bias");
    return names;
  }
  if (batch_norms.contains(class_name) || other_norms.contains(class_name)) {
    if (flag(config, "scale")) names.emplace_back("gamma");
    if (flag(config, "center")) names.emplace_back("beta");
  }
  if (batch_norms.contains(class_name)) names.insert(names.end(), {"moving_mean", "moving_variance"});
  if (class_name == "PReLU") names = {"alpha"};
  if (class_name == "Normalization" && (!config.has("mean") || config.at("mean").is_null()))
    names = {"mean", "variance"};
  return names;
}

std::vector<int64_t> shape_of(const JsonReader& json) {
  if (json.is_object() && json.has("items")) return shape_of(json.at("items"));
  json.must_be_array();
  std::vector<int64_t> dims;
  for (size_t i = 0; i < json.size(); ++i) dims.push_back(json.at(i).is_null() ? 0 : json.at(i).integer(0, kMost));
  return dims;
}

}  // namespace phosphene::keras
