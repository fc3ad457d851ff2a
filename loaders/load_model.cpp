#include "loaders/load_model.h"

#include <cstring>
#include <filesystem>
#include <span>

#include "loaders/caffe/caffe.h"
#include "loaders/keras.h"
#include "loaders/labels.h"
#include "loaders/mapped_file.h"
#include "loaders/model/model_graph.h"
#include "loaders/model_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kFormats =
    "Caffe's .caffemodel with --topology deploy.prototxt, Keras' .weights.h5 with --architecture, and phosphene's own "
    ".safetensors are read";

Model load_caffe(const std::string& path, const std::string& topology) {
  if (topology.empty()) {
    check_caffe_weights(path);
    fail(path, "a .caffemodel comes without a readable topology: give --topology deploy.prototxt");
  }
  return read_caffe(path, topology);
}

// A length below the file's and then a JSON object.
bool is_safetensors(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::span<const std::byte> bytes = file->bytes();
  uint64_t header_bytes = 0;
  if (bytes.size() <= sizeof(header_bytes)) return false;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  return header_bytes < bytes.size() && bytes[sizeof(header_bytes)] == std::byte{'{'};
}

Model load_unlabelled(const std::string& path, const std::string& topology, const std::string& architecture) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".safetensors" || is_safetensors(path)) return read_model(path);
  if (is_hdf5(path)) return read_keras(path, architecture);
  if (ending == ".prototxt") {
    check_caffe_topology(path);
    fail(path, "holds a topology without weights: give the .caffemodel, and this file with --topology");
  }
  if (ending == ".caffemodel" || !topology.empty()) return load_caffe(path, topology);
  fail(path, "is of no format that is read: {}", kFormats);
}

// Throws unless there are as many labels as outputs: the labels would belong to another network.
void check_labels(const Model& model, const std::string& path) {
  Graph graph;
  const TensorInfo input{{1, model.channels, model.height, model.width}, Layout::channels_last, DType::f32};
  ModelGraph network(model, graph, graph.state(Model::kInput, input));
  const Shape logits = graph.shape(network.value(model.logits()));
  if (logits.elements() != static_cast<int64_t>(model.labels.size())) {
    fail(path, "holds {} labels, but {} tells {} classes apart", model.labels.size(), model.name, logits.elements());
  }
}

}  // namespace

Model load_model(const std::string& path, const std::string& topology, const std::string& architecture,
                 const std::string& labels) {
  Model model = load_unlabelled(path, topology, architecture);
  if (labels.empty()) return model;
  model.labels = read_labels(labels);
  check_labels(model, labels);
  return model;
}

}  // namespace phosphene
