#include "loaders/caffe/caffe.h"

#include "loaders/caffe/caffe_files.h"
#include "loaders/caffe/caffe_graph.h"
#include "loaders/caffe/layer_types.h"
#include "loaders/caffe/net_state.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// "mixed4a", as TensorFlow's copy of GoogLeNet calls it, and "4a" for "inception_4a/output".
void add_inception_aliases(Model& model) {
  constexpr std::string_view kFirst = "inception_", kLast = "/output";
  for (const Layer& layer : model.layers) {
    if (!layer.name.starts_with(kFirst) || !layer.name.ends_with(kLast)) continue;
    const std::string block = layer.name.substr(kFirst.size(), layer.name.size() - kFirst.size() - kLast.size());
    for (const std::string& alias : {"mixed" + block, block}) {
      if (!alias.empty() && model.find(alias) == nullptr) model.aliases.emplace(alias, layer.name);
    }
  }
}

Model imported(const std::string& weights_path, const std::string& topology_path,
               const source::ImportOptions& options) {
  const source::Network network = caffe::read_graph(weights_path, topology_path);
  if (network.inputs[0].dims[2] == 0 && options.height == 0)
    fail(network.path, "does not say the size of its input: give --size");
  Model model = source::import_network(network, options);
  add_inception_aliases(model);
  return model;
}

}  // namespace

Model read_caffe(const std::string& weights_path, const std::string& topology_path,
                 const source::ImportOptions& options) {
  if (!topology_path.empty()) return imported(weights_path, topology_path, options);
  try {
    Model model = imported(weights_path, "", options);
    model.notes.insert(model.notes.begin(), weights_path + ": its layers are those of the network as it was trained");
    return model;
  } catch (const Error& error) {
    throw Error(error.blame(), "",
                fmt::format("{} (read without a topology: if there is a deploy.prototxt, give it with --topology)",
                            error.what()));
  }
}

void check_caffe_topology(const std::string& path) {
  const caffe::NetParameter network = caffe::for_inference(caffe::read_topology(path), path);
  for (const caffe::LayerParameter& layer : network.layer()) {
    const std::string& type = layer.type();
    const bool known =
        caffe::is_computed(type) || caffe::gives_images(type) || caffe::is_of_training(type) || caffe::is_silence(type);
    if (!known)
      fail(caffe::place_of(path, layer.name()), "has the type '{}', which is not supported; expected one of {}", type,
           fmt::join(caffe::computed_types(), ", "));
  }
}

}  // namespace phosphene
