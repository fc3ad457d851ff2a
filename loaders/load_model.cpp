#include "loaders/load_model.h"

#include <filesystem>
#include <optional>
#include <tuple>

#include "loaders/architectures/architecture.h"
#include "loaders/architectures/other_layouts.h"
#include "loaders/caffe/caffe.h"
#include "loaders/keras.h"
#include "loaders/keras/keras_file.h"
#include "loaders/known_preprocessing.h"
#include "loaders/labels.h"
#include "loaders/model/model_graph.h"
#include "loaders/model_file.h"
#include "loaders/onnx/onnx_file.h"
#include "loaders/other_formats.h"
#include "loaders/tensorflow/graph_def.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kFormats =
    "ONNX (.onnx), PyTorch (.pth, .pt, .safetensors), TensorFlow (.pb), Keras (.keras, .h5), Caffe (.caffemodel with "
    "--topology deploy.prototxt) or phosphene's .safetensors";

// Weights without a network: the names of the tensors tell which it is, and a configuration of timm beside them what they do not tell.
Model load_state_dict(const std::string& path, const std::string& architecture, const source::ImportOptions& options) {
  const StateDict dict = in_pytorch_layout(read_state_dict(path));
  const std::string beside = architecture.empty() ? architecture_beside(path) : "";
  source::Network network = beside.empty() ? build_architecture(dict, architecture)
                                           : build_architecture(dict, beside, "config.json beside it");
  const std::optional<GivenPreprocessing> given = preprocessing_beside(path, network.inputs[0].dims[1]);
  std::vector<int64_t>& dims = network.inputs[0].dims;
  if (given) network.preprocessing = {given->preprocessing, given->source};
  if (given) network.files.push_back(given->path);
  if (!beside.empty()) network.files.push_back((std::filesystem::path(path).parent_path() / "config.json").string());
  if (given && given->height > 0) std::tie(dims[2], dims[3]) = std::pair(given->height, given->width);
  if (options.height > 0) std::tie(dims[2], dims[3]) = std::pair(options.height, options.width);
  Model model = source::import_network(network, options);
  model.notes.insert(model.notes.begin(), fmt::format("{}: recognised as {}", path, network.name));
  if (!dict.taken.empty()) model.notes.push_back(fmt::format("taken: '{}' of the file", dict.taken));
  if (!dict.skipped.empty()) model.notes.push_back(fmt::format("skipped: {}", fmt::join(dict.skipped, ", ")));
  model.name = std::filesystem::path(path).stem().string();
  return model;
}

// A configuration beside the file says more about its preprocessing than an assumption.
Model with_neighbours_preprocessing(Model model, const std::string& path) {
  if (!model.preprocessing_source.starts_with(kAssumed)) return model;
  if (const std::optional<GivenPreprocessing> beside = preprocessing_beside(path, model.channels)) {
    model.preprocessing = beside->preprocessing;
    model.preprocessing_source = beside->source;
    model.files.push_back(beside->path);
  }
  return model;
}

Model load_unlabelled(const std::string& path, const std::string& topology, const std::string& architecture,
                      const source::ImportOptions& options) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (const std::optional<std::string> advice = advice_for(path)) fail(path, "{}", *advice);
  if (ending == ".prototxt") {
    check_caffe_topology(path);
    fail(path, "holds a topology without weights: give the .caffemodel, and this file with --topology");
  }
  if (ending == ".caffemodel" || !topology.empty()) return read_caffe(path, topology, options);
  const StateFormat format = state_format(path);
  if (ending == ".safetensors" || format == StateFormat::safetensors) {
    if (holds_network(Safetensors::open(path))) return read_model(path);
    return load_state_dict(path, architecture, options);
  }
  if (is_keras_model(path)) return source::import_network(read_keras_model(path), options);
  if (is_hdf5(path)) return read_keras(path, architecture, options);
  if (format != StateFormat::none) return load_state_dict(path, architecture, options);
  if (is_onnx(path)) return source::import_network(read_onnx(path), options);
  if (is_graph_def(path)) return source::import_network(read_graph_def(path), options);
  fail(path, "is of no format that is read; expected {}", kFormats);
}

int64_t classes_of(const Model& model) {
  Graph graph;
  const TensorInfo input{{1, model.channels, model.height, model.width}, Layout::channels_last, DType::f32};
  ModelGraph network(model, graph, graph.state(Model::kInput, input));
  return graph.shape(network.value(model.logits())).elements();
}

// Throws unless there are as many labels as outputs: the labels would belong to another network.
void add_labels(Model& model, const std::string& path) {
  const int64_t classes = classes_of(model);
  Labels labels = read_labels(path, classes);
  const int64_t count = std::ssize(labels.names);
  if (count != classes)
    fail(path, "holds {} labels, but {} tells {} classes apart{}", count, model.name, classes,
         count + 1 == classes
             ? "; if the first of these is a background, as in TensorFlow's networks, name it in the file"
             : "");
  model.labels = std::move(labels.names);
  if (!labels.dropped.empty())
    model.notes.push_back(fmt::format("{}: dropped: {}", path, fmt::join(labels.dropped, ", ")));
}

}  // namespace

Model load_model(const std::string& path, const std::string& topology, const std::string& architecture,
                 const std::string& labels, const source::ImportOptions& import_options) {
  Model model = with_neighbours_preprocessing(load_unlabelled(path, topology, architecture, import_options), path);
  if (!labels.empty()) add_labels(model, labels);
  for (const std::string& also : {topology, labels})
    if (!also.empty()) model.files.push_back(also);
  model.files.insert(model.files.begin(), path);
  return model;
}

}  // namespace phosphene
