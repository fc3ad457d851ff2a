#include "loaders/caffe/layer_types.h"

#include <algorithm>
#include <array>

#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

enum class LayerKind { plain, pass, activation, affine };

struct KnownType {
  std::string_view name, parameters;
  LayerKind kind = LayerKind::plain;
};
constexpr std::array<KnownType, 25> kTypes{{{"BNLL", "", LayerKind::activation},
                                            {"BatchNorm", "batch_norm_param", LayerKind::affine},
                                            {"Bias", "bias_param", LayerKind::affine},
                                            {"Clip", "clip_param", LayerKind::activation},
                                            {"Concat", "concat_param"},
                                            {"Convolution", "convolution_param"},
                                            {"Deconvolution", "convolution_param"},
                                            {"Dropout", "", LayerKind::pass},
                                            {"ELU", "elu_param", LayerKind::activation},
                                            {"Eltwise", "eltwise_param"},
                                            {"Flatten", "flatten_param"},
                                            {"InnerProduct", "inner_product_param"},
                                            {"LRN", "lrn_param"},
                                            {"PReLU", "prelu_param", LayerKind::activation},
                                            {"Pooling", "pooling_param"},
                                            {"Power", "power_param", LayerKind::affine},
                                            {"ReLU", "relu_param", LayerKind::activation},
                                            {"Reshape", "reshape_param"},
                                            {"Scale", "scale_param", LayerKind::affine},
                                            {"Sigmoid", "sigmoid_param", LayerKind::activation},
                                            {"Slice", "slice_param"},
                                            {"Softmax", "softmax_param"},
                                            {"Split", "", LayerKind::pass},
                                            {"Swish", "swish_param", LayerKind::activation},
                                            {"TanH", "tanh_param", LayerKind::activation}}};

const KnownType* find_type(std::string_view type) {
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const KnownType& one) { return one.name == type; });
  return found == kTypes.end() || type.empty() ? nullptr : found;
}

bool is_of(std::string_view type, LayerKind kind) {
  const KnownType* found = find_type(type);
  return found != nullptr && found->kind == kind;
}

}  // namespace

std::string place_of(const std::string& path, const std::string& layer) {
  return fmt::format("{}: layer '{}'", path, layer);
}

std::string_view parameters_of(std::string_view type) {
  const KnownType* found = find_type(type);
  return found == nullptr ? "" : found->parameters;
}

std::vector<std::string_view> computed_types() {
  std::vector<std::string_view> names;
  for (const KnownType& type : kTypes) names.push_back(type.name);
  return names;
}

bool is_computed(std::string_view type) { return find_type(type) != nullptr; }
bool passes(std::string_view type) { return is_of(type, LayerKind::pass); }
bool is_activation(std::string_view type) { return is_of(type, LayerKind::activation); }

bool works_in_place(std::string_view type) {
  return find_type(type) == nullptr || !is_of(type, LayerKind::plain) || type == "Softmax";
}

bool gives_images(std::string_view type) {
  constexpr std::array<std::string_view, 8> kData = {"AnnotatedData", "Data",  "DummyData",  "HDF5Data",
                                                     "ImageData",     "Input", "MemoryData", "WindowData"};
  return std::find(kData.begin(), kData.end(), type) != kData.end();
}

bool is_of_training(std::string_view type) {
  return type.ends_with("Loss") || type == "Accuracy" || type == "HDF5Output";
}

bool is_silence(std::string_view type) { return type == "Silence"; }

}  // namespace phosphene::caffe
