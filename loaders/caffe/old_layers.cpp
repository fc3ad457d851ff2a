#include "loaders/caffe/old_layers.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <map>

#include "loaders/caffe/layer_types.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<const FieldDescriptor*> given_fields(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return fields;
}

// One value of a field, of whichever type both have.
void copy_value(const Message& src, const FieldDescriptor* field, int index, Message& dst, const FieldDescriptor* to) {
  const auto *from = src.GetReflection(), *into = dst.GetReflection();
  const bool listed = field->is_repeated(), lists = to->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& value = listed ? from->GetRepeatedMessage(src, field, index) : from->GetMessage(src, field);
      (lists ? into->AddMessage(&dst, to) : into->MutableMessage(&dst, to))->CopyFrom(value);
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value = listed ? from->GetRepeatedString(src, field, index) : from->GetString(src, field);
      lists ? into->AddString(&dst, to, value) : into->SetString(&dst, to, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const uint32_t value = from->GetUInt32(src, field);
      lists ? into->AddUInt32(&dst, to, value) : into->SetUInt32(&dst, to, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return into->SetBool(&dst, to, from->GetBool(src, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return into->SetFloat(&dst, to, from->GetFloat(src, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return into->SetEnumValue(&dst, to, from->GetEnumValue(src, field));
    default:
      fail_internal(field->full_name(), "no layer had such a field once");
  }
}

// What both messages have under one name, but for blobs and types.
void copy_alike(const Message& src, Message& dst) {
  for (const FieldDescriptor* field : given_fields(src)) {
    if (field->name() == "blobs" || (field->name() == "type" && field->type() == FieldDescriptor::TYPE_ENUM)) continue;
    const FieldDescriptor* to = dst.GetDescriptor()->FindFieldByName(field->name());
    const int count = field->is_repeated() ? src.GetReflection()->FieldSize(src, field) : 1;
    for (int i = 0; i < count; ++i) copy_value(src, field, i, dst, to);
  }
}

struct OldType {
  const char* old;
  const char* type;
  const char* parameters;  // the message that has its settings; none: ""
};
constexpr std::array<OldType, 24> kOldTypes{{{"accuracy", "Accuracy", ""},
                                             {"bnll", "BNLL", ""},
                                             {"concat", "Concat", "concat_param"},
                                             {"conv", "Convolution", "convolution_param"},
                                             {"data", "Data", "transform_param"},
                                             {"dropout", "Dropout", ""},
                                             {"euclidean_loss", "EuclideanLoss", ""},
                                             {"flatten", "Flatten", ""},
                                             {"hdf5_data", "HDF5Data", "transform_param"},
                                             {"hdf5_output", "HDF5Output", ""},
                                             {"im2col", "Im2col", ""},
                                             {"images", "ImageData", "transform_param"},
                                             {"infogain_loss", "InfogainLoss", ""},
                                             {"innerproduct", "InnerProduct", "inner_product_param"},
                                             {"lrn", "LRN", "lrn_param"},
                                             {"multinomial_logistic_loss", "MultinomialLogisticLoss", ""},
                                             {"pool", "Pooling", "pooling_param"},
                                             {"relu", "ReLU", ""},
                                             {"sigmoid", "Sigmoid", ""},
                                             {"softmax", "Softmax", ""},
                                             {"softmax_loss", "SoftmaxWithLoss", ""},
                                             {"split", "Split", ""},
                                             {"tanh", "TanH", ""},
                                             {"window_data", "WindowData", "transform_param"}}};

const std::map<std::string, std::string>& new_names() {
  static const std::map<std::string, std::string> names = {
      {"biasterm", "bias_term"}, {"cropsize", "crop_size"}, {"kernelsize", "kernel_size"}, {"meanfile", "mean_file"}};
  return names;
}

LayerParameter upgraded_v0(const V1LayerParameter& joined, const std::string& path) {
  const V0LayerParameter& old = joined.layer();
  const std::string where = place_of(path, old.name());
  LayerParameter layer;
  layer.set_name(old.name());
  *layer.mutable_bottom() = joined.bottom();
  *layer.mutable_top() = joined.top();
  const auto* known =
      std::find_if(kOldTypes.begin(), kOldTypes.end(), [&](const OldType& one) { return old.type() == one.old; });
  if (known == kOldTypes.end()) {  // "padding" is dealt with by who reads it
    layer.set_type(old.type());
    if (old.type() == "padding") layer.mutable_convolution_param()->add_pad(old.pad());
    return layer;
  }
  layer.set_type(known->type);
  const std::string own = known->parameters;
  for (const FieldDescriptor* field : given_fields(old)) {
    if (field->name() == "name" || field->name() == "type" || field->name() == "blobs") continue;
    const auto renamed = new_names().find(field->name());
    const std::string& name = renamed == new_names().end() ? field->name() : renamed->second;
    const bool of_images = old.type() == "images" && name.starts_with("new_");
    const FieldDescriptor* holder =
        own.empty() ? nullptr : layer.GetDescriptor()->FindFieldByName(of_images ? "image_data_param" : own);
    const FieldDescriptor* to = holder == nullptr ? nullptr : holder->message_type()->FindFieldByName(name);
    if (to == nullptr) fail(where, "is of type {} and has {}, a setting of another type", old.type(), field->name());
    copy_value(old, field, 0, *layer.GetReflection()->MutableMessage(&layer, holder), to);
  }
  return layer;
}

// The reader of a padding has it as its own instead, as Caffe's own upgrade does.
void move_paddings(NetParameter& network, const std::string& path) {
  std::map<std::string, LayerParameter> paddings;  // by blob
  NetParameter result = network;
  result.clear_layer();
  for (LayerParameter layer : network.layer()) {
    const std::string where = place_of(path, layer.name());
    if (layer.type() == "padding") {
      if (layer.bottom_size() != 1 || layer.top_size() != 1) fail(where, "expected a padding of one blob");
      paddings[layer.top(0)] = layer;
      continue;
    }
    for (std::string& bottom : *layer.mutable_bottom()) {
      const auto padding = paddings.find(bottom);
      if (padding == paddings.end()) continue;
      const bool pads = layer.type() == "Convolution" || layer.type() == "Pooling";
      if (!pads || layer.bottom_size() != 1)
        fail(where, "reads the padding '{}', which only a convolution or a pooling can", bottom);
      if (layer.convolution_param().pad_size() > 0 || layer.pooling_param().has_pad())
        fail(where, "has a padding of its own and reads the padding '{}'", bottom);
      const uint32_t pad = padding->second.convolution_param().pad(0);
      if (layer.type() == "Pooling")
        layer.mutable_pooling_param()->set_pad(pad);
      else
        layer.mutable_convolution_param()->add_pad(pad);
      bottom = padding->second.bottom(0);
    }
    *result.add_layer() = layer;
  }
  network = std::move(result);
}

// A data layer's own scale, mean_file, crop_size and mirror, which stand in transform_param today.
template <class Parameters>
void move_transform(const Parameters& old, LayerParameter& layer) {
  TransformationParameter& transform = *layer.mutable_transform_param();
  if (old.has_scale()) transform.set_scale(old.scale());
  if (old.has_mean_file()) transform.set_mean_file(old.mean_file());
  if (old.has_crop_size()) transform.set_crop_size(old.crop_size());
  if (old.has_mirror()) transform.set_mirror(old.mirror());
}

LayerParameter upgraded_v1(const V1LayerParameter& old) {
  LayerParameter layer;
  copy_alike(old, layer);
  layer.set_type(type_of(old));
  if (layer.has_data_param()) move_transform(old.data_param(), layer);
  if (layer.has_image_data_param()) move_transform(old.image_data_param(), layer);
  if (layer.has_window_data_param()) move_transform(old.window_data_param(), layer);
  layer.clear_data_param();
  layer.clear_window_data_param();
  for (const char* moved : {"scale", "mean_file", "crop_size", "mirror"}) {
    if (!layer.has_image_data_param()) break;
    ImageDataParameter& images = *layer.mutable_image_data_param();
    images.GetReflection()->ClearField(&images, images.GetDescriptor()->FindFieldByName(moved));
  }
  return layer;
}

// What a V0 layer may have beside its message.
bool only_joins(const V1LayerParameter& layer) {
  for (const FieldDescriptor* field : given_fields(layer)) {
    if (field->name() != "layer" && field->name() != "bottom" && field->name() != "top") return false;
  }
  return true;
}

}  // namespace

std::string type_of(const V1LayerParameter& layer) {
  using V1 = V1LayerParameter;
  static const std::map<int, std::string> names = {{V1::NONE, "NONE"},
                                                   {V1::ABSVAL, "AbsVal"},
                                                   {V1::ACCURACY, "Accuracy"},
                                                   {V1::ARGMAX, "ArgMax"},
                                                   {V1::BNLL, "BNLL"},
                                                   {V1::CONCAT, "Concat"},
                                                   {V1::CONTRASTIVE_LOSS, "ContrastiveLoss"},
                                                   {V1::CONVOLUTION, "Convolution"},
                                                   {V1::DATA, "Data"},
                                                   {V1::DECONVOLUTION, "Deconvolution"},
                                                   {V1::DROPOUT, "Dropout"},
                                                   {V1::DUMMY_DATA, "DummyData"},
                                                   {V1::ELTWISE, "Eltwise"},
                                                   {V1::EUCLIDEAN_LOSS, "EuclideanLoss"},
                                                   {V1::EXP, "Exp"},
                                                   {V1::FLATTEN, "Flatten"},
                                                   {V1::HDF5_DATA, "HDF5Data"},
                                                   {V1::HDF5_OUTPUT, "HDF5Output"},
                                                   {V1::HINGE_LOSS, "HingeLoss"},
                                                   {V1::IM2COL, "Im2col"},
                                                   {V1::IMAGE_DATA, "ImageData"},
                                                   {V1::INFOGAIN_LOSS, "InfogainLoss"},
                                                   {V1::INNER_PRODUCT, "InnerProduct"},
                                                   {V1::LRN, "LRN"},
                                                   {V1::MEMORY_DATA, "MemoryData"},
                                                   {V1::MULTINOMIAL_LOGISTIC_LOSS, "MultinomialLogisticLoss"},
                                                   {V1::MVN, "MVN"},
                                                   {V1::POOLING, "Pooling"},
                                                   {V1::POWER, "Power"},
                                                   {V1::RELU, "ReLU"},
                                                   {V1::SIGMOID, "Sigmoid"},
                                                   {V1::SIGMOID_CROSS_ENTROPY_LOSS, "SigmoidCrossEntropyLoss"},
                                                   {V1::SILENCE, "Silence"},
                                                   {V1::SLICE, "Slice"},
                                                   {V1::SOFTMAX, "Softmax"},
                                                   {V1::SOFTMAX_LOSS, "SoftmaxWithLoss"},
                                                   {V1::SPLIT, "Split"},
                                                   {V1::TANH, "TanH"},
                                                   {V1::THRESHOLD, "Threshold"},
                                                   {V1::WINDOW_DATA, "WindowData"}};
  if (layer.has_layer()) {
    const auto* known = std::find_if(kOldTypes.begin(), kOldTypes.end(),
                                     [&](const OldType& one) { return layer.layer().type() == one.old; });
    return known == kOldTypes.end() ? layer.layer().type() : known->type;
  }
  const auto found = names.find(layer.type());
  return found == names.end() ? fmt::format("of number {}", static_cast<int>(layer.type())) : found->second;
}

NetParameter in_todays_form(const NetParameter& network, const std::string& path) {
  if (network.layer_size() > 0 && network.layers_size() > 0) fail(path, "mixes old 'layers' with new 'layer'");
  NetParameter result;
  for (const FieldDescriptor* field : given_fields(network)) {
    if (field->name() == "layer" || field->name() == "layers") continue;
    const int count = field->is_repeated() ? network.GetReflection()->FieldSize(network, field) : 1;
    if (field->name() == "input_dim")
      *result.mutable_input_dim() = network.input_dim();
    else
      for (int i = 0; i < count; ++i) copy_value(network, field, i, result, field);
  }
  int oldest = 0;
  for (const V1LayerParameter& layer : network.layers()) {
    if (layer.has_layer() && !only_joins(layer))
      fail(place_of(path, layer.layer().name()), "mixes the settings of two old forms");
    oldest += layer.has_layer() ? 1 : 0;
    *result.add_layer() = layer.has_layer() ? upgraded_v0(layer, path) : upgraded_v1(layer);
  }
  if (oldest != 0 && oldest != network.layers_size()) fail(path, "mixes 'layers' of two old forms");
  for (const LayerParameter& layer : network.layer()) copy_alike(layer, *result.add_layer());
  if (oldest != 0) move_paddings(result, path);
  return result;
}

}  // namespace phosphene::caffe
