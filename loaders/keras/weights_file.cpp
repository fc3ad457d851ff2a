#include <algorithm>

#include "loaders/keras/keras_file.h"
#include "loaders/shown.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr size_t kMostLayers = 20000;
constexpr size_t kDeepestGroup = 16;

void add_layer(KerasWeights& weights, KerasLayerWeights layer) {
  if (layer.datasets.empty()) return;
  for (const std::string& dataset : layer.datasets) layer.dims.push_back(weights.file.dims(dataset));
  if (weights.layers.size() == kMostLayers) fail(weights.file.place(), "has more than {} layers", kMostLayers);
  weights.layers.push_back(std::move(layer));
}

// `root`: "", or "model_weights" of a whole model.
void add_named(KerasWeights& weights, const std::string& root, const std::vector<std::string>& names) {
  const std::string prefix = root.empty() ? "" : root + "/";
  for (const std::string& name : names) {
    KerasLayerWeights layer{name, prefix + name, {}, {}};
    for (const std::string& weight :
         weights.file.texts(layer.group, "weight_names").value_or(std::vector<std::string>()))
      layer.datasets.push_back(fmt::format("{}/{}", layer.group, weight));
    add_layer(weights, std::move(layer));
  }
}

void add_numbered(KerasWeights& weights) {
  for (size_t number = 0; weights.file.has(fmt::format("layer_{}", number)); ++number) {
    if (number > kMostLayers) fail(weights.file.place(), "has more than {} layers", kMostLayers);
    KerasLayerWeights layer{fmt::format("layer_{}", number), fmt::format("layer_{}", number), {}, {}};
    layer.datasets = weights.file.children(layer.group);
    for (std::string& dataset : layer.datasets) dataset = fmt::format("{}/{}", layer.group, dataset);
    add_layer(weights, std::move(layer));
  }
}

// Every group "vars" that holds numbers, wherever it lies; optimizers have some too.
void add_counted(KerasWeights& weights, const std::string& group, size_t depth) {
  if (depth > kDeepestGroup) fail(weights.file.place(), "'{}' lies deeper than {} groups", shown(group), kDeepestGroup);
  const bool counted = group == "vars" || group.ends_with("/vars");
  if (counted) {
    const std::string owner = group.substr(0, group.rfind('/'));
    KerasLayerWeights layer{weights.file.text(group, "name").value_or(owner), owner, {}, {}};
    for (const std::string& number : weights.file.children(group)) layer.datasets.push_back(group + "/" + number);
    add_layer(weights, std::move(layer));
    return;
  }
  for (const std::string& child : weights.file.children(group)) {
    if (group.empty() && (child == "optimizer" || child == "vars")) continue;
    if (child != "seed_generator") add_counted(weights, group.empty() ? child : group + "/" + child, depth + 1);
  }
}

}  // namespace

const KerasLayerWeights* KerasWeights::find(const std::string& layer) const {
  const auto found = std::find_if(layers.begin(), layers.end(), [&](const KerasLayerWeights& known) {
    return known.layer == layer || known.group == layer;
  });
  return found == layers.end() ? nullptr : &*found;
}

KerasWeights read_keras_weights(const std::string& path) {
  KerasWeights weights{hdf5::File::open(path), KerasLayout::named, "", {}};
  const hdf5::File& file = weights.file;
  weights.backend = file.text("", "backend").value_or("");
  const auto names = file.texts("", "layer_names"), within = file.texts("model_weights", "layer_names");
  if (names) {
    add_named(weights, "", *names);
  } else if (within) {
    add_named(weights, "model_weights", *within);
  } else if (file.has("layer_0")) {
    weights.layout = KerasLayout::numbered;
    add_numbered(weights);
  } else {
    weights.layout = KerasLayout::counted;
    add_counted(weights, "", 0);
  }
  if (weights.layers.empty()) fail(path, "is HDF5, but holds no weights as Keras lays them out");
  return weights;
}

}  // namespace phosphene
