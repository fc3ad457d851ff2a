#include "loaders/caffe/caffe_graph.h"

#include <google/protobuf/descriptor.h>

#include <filesystem>
#include <set>

#include "loaders/caffe/blobs.h"
#include "loaders/caffe/caffe_files.h"
#include "loaders/caffe/images.h"
#include "loaders/caffe/layer_types.h"
#include "loaders/caffe/net_state.h"
#include "loaders/caffe/value_names.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene::caffe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using source::Attribute;
using source::Node;

Attribute list_of(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  std::vector<double> numbers;
  std::vector<int64_t> integers;
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT)
      numbers.push_back(static_cast<double>(reflection->GetRepeatedFloat(message, field, i)));
    else
      integers.push_back(reflection->GetRepeatedUInt32(message, field, i));
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) return numbers;
  return integers;
}

Attribute attribute_of(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  if (field->is_repeated()) return list_of(message, field);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return int64_t{reflection->GetBool(message, field)};
    case FieldDescriptor::CPPTYPE_INT32:
      return int64_t{reflection->GetInt32(message, field)};
    case FieldDescriptor::CPPTYPE_UINT32:
      return int64_t{reflection->GetUInt32(message, field)};
    case FieldDescriptor::CPPTYPE_FLOAT:
      return static_cast<double>(reflection->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::string(reflection->GetEnum(message, field)->name());
    default: {
      const auto& shape = dynamic_cast<const BlobShape&>(reflection->GetMessage(message, field));
      return std::vector<int64_t>(shape.dim().begin(), shape.dim().end());
    }
  }
}

// "ReLU" reads relu_param, "InnerProduct" inner_product_param: a layer with the parameters of another type means something else.
void add_parameters(Node& node, const LayerParameter& layer, const std::string& path) {
  std::vector<const FieldDescriptor*> fields;
  LayerParameter::GetReflection()->ListFields(layer, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!field->name().ends_with("_param") || field->name() == "transform_param") continue;
    if (field->name() != parameters_of(layer.type()))
      fail(place_of(path, layer.name()), "is of type {} and has {}, the parameters of another type", layer.type(),
           field->name());
    const Message& parameters = LayerParameter::GetReflection()->GetMessage(layer, field);
    std::vector<const FieldDescriptor*> given;
    parameters.GetReflection()->ListFields(parameters, &given);
    for (const FieldDescriptor* one : given) node.attributes.emplace(one->name(), attribute_of(parameters, one));
  }
}

class Builder {
 public:
  Builder(source::Network& network, std::shared_ptr<const NetParameter> weights, const std::string& weights_path)
      : network_(network),
        weights_(std::move(weights)),
        weights_path_(weights_path),
        blobs_(blobs_by_layer(*weights_, weights_path)) {}

  void build(const NetParameter& topology) {
    network_.inputs = {image_input(topology, blobs_, network_.path)};
    network_.preprocessing = preprocessing_of(topology, network_.inputs[0].dims[1], network_.path);
    std::vector<const LayerParameter*> layers;
    for (const LayerParameter& layer : topology.layer()) {
      if (is_of_training(layer.type()))
        network_.notes.push_back(fmt::format("skipped: {} '{}', which is for training", layer.type(), layer.name()));
      else if (!gives_images(layer.type()) && !is_silence(layer.type()))
        layers.push_back(&layer);
    }
    const std::vector<LayerValues> values = values_of(layers, network_.inputs[0].name, network_.path);
    for (size_t i = 0; i < layers.size(); ++i) add(*layers[i], values[i]);
    add_outputs(topology);
  }

 private:
  void add(const LayerParameter& layer, const LayerValues& values) {
    Node node{layer.name(), "caffe." + layer.type(), values.inputs, values.outputs, {}, ""};
    if (is_computed(layer.type())) {
      if (layer.top_size() == 0) fail(place_of(network_.path, layer.name()), "has no top");
      add_parameters(node, layer, network_.path);
      add_blobs(node, layer);
      node.attributes.emplace("weights_file", weights_path_);
    }
    network_.nodes.push_back(std::move(node));
  }

  void add_blobs(Node& node, const LayerParameter& layer) {
    const auto held = blobs_.find(layer.name());
    if (held == blobs_.end()) return;
    if (!with_blobs_.insert(layer.name()).second)
      fail(network_.path, "has two layers '{}', and the weights are told by names", layer.name());
    for (int i = 0; i < held->second->size(); ++i) {
      stop_if_requested();
      std::string name = fmt::format("blob {} of '{}'", i, layer.name());
      network_.constants.emplace(name,
                                 numbers_of(held->second->Get(i), weights_,
                                            fmt::format("{}: blob {}", place_of(weights_path_, layer.name()), i)));
      node.inputs.push_back(std::move(name));
    }
    if (layer.type() == "BatchNorm") note_empty_statistics(layer.name(), node.inputs.back());
  }

  // BVLC's Caffe divides sums by their count, and takes mean and variance as 0 where nothing was counted.
  void note_empty_statistics(const std::string& layer, const std::string& count) {
    const Weights& numbers = network_.constants.at(count).numbers;
    if (numbers.elements() == 1 && numbers.data[0] == 0)
      network_.notes.push_back(fmt::format(
          "layer '{}': no statistics were counted (its last blob is 0): its mean and variance are taken as 0, as Caffe does",
          layer));
  }

  // What nothing reads, the last first: it is the network's result. What Silence reads is thrown away.
  void add_outputs(const NetParameter& topology) {
    std::set<std::string> read;
    for (const Node& node : network_.nodes) read.insert(node.inputs.begin(), node.inputs.end());
    for (const LayerParameter& layer : topology.layer()) {
      if (is_silence(layer.type())) read.insert(layer.bottom().begin(), layer.bottom().end());
    }
    for (auto node = network_.nodes.rbegin(); node != network_.nodes.rend(); ++node) {
      for (const std::string& output : node->outputs) {
        if (!read.contains(output)) network_.outputs.push_back(output);
      }
    }
  }

  source::Network& network_;
  std::shared_ptr<const NetParameter> weights_;
  const std::string& weights_path_;
  BlobsByLayer blobs_;
  std::set<std::string> with_blobs_;
};

// What a network was trained with says "use_global_stats: false" of its training; at inference the stored statistics are meant.
void use_stored_statistics(NetParameter& topology, source::Network& network) {
  int told = 0;
  for (LayerParameter& layer : *topology.mutable_layer()) {
    if (layer.type() != "BatchNorm" || layer.phase() != TRAIN || !layer.batch_norm_param().has_use_global_stats())
      continue;
    told += layer.batch_norm_param().use_global_stats() ? 0 : 1;
    layer.mutable_batch_norm_param()->clear_use_global_stats();
  }
  if (told > 0)
    network.notes.push_back(fmt::format(
        "use_global_stats: false of {} layers is taken as that of training: stored statistics are used", told));
}

}  // namespace

source::Network read_graph(const std::string& weights_path, const std::string& topology_path) {
  source::Network network;
  NetParameter topology;
  if (!topology_path.empty()) topology = for_inference(read_topology(topology_path), topology_path);
  const std::shared_ptr<NetParameter> weights = read_weights(weights_path);
  if (topology_path.empty()) {
    topology = of_training(topology_of(*weights, weights_path), weights_path);
    use_stored_statistics(topology, network);
  }
  weights->DiscardUnknownFields();
  network.path = topology_path.empty() ? weights_path : topology_path;
  network.format = "Caffe";
  network.name = std::filesystem::path(weights_path).stem().string();
  Builder(network, weights, weights_path).build(topology);
  if (network.nodes.empty()) fail(network.path, "has no layers except its input");
  return network;
}

}  // namespace phosphene::caffe
