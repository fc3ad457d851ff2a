#include "loaders/caffe/value_names.h"

#include <algorithm>
#include <map>
#include <set>

#include "loaders/caffe/layer_types.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

// What a layer writes into a blob.
struct Written {
  size_t layer = 0;
  int top = 0;
};
using Blobs = std::map<std::string, std::vector<Written>>;

void check_top(const LayerParameter& layer, int top, bool written, const std::string& path) {
  const std::string& blob = layer.top(top);
  if (blob.empty()) fail(place_of(path, layer.name()), "has a top without a name");
  const bool in_place = top < layer.bottom_size() && layer.bottom(top) == blob;
  if (in_place && !works_in_place(layer.type()))
    fail(place_of(path, layer.name()), "writes over its own bottom '{}', which Caffe's {} cannot do", blob,
         layer.type());
  if (written && !in_place) fail(place_of(path, layer.name()), "writes '{}', which another layer writes too", blob);
}

Blobs blobs_of(const std::vector<const LayerParameter*>& layers, const std::string& image, const std::string& path) {
  Blobs blobs;
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerParameter& layer = *layers[i];
    for (const std::string& bottom : layer.bottom()) {
      if (bottom != image && !blobs.contains(bottom))
        fail(place_of(path, layer.name()), "reads '{}', which no layer before it writes", bottom);
    }
    for (int top = 0; top < layer.top_size(); ++top) {
      const std::string& blob = layer.top(top);
      check_top(layer, top, blob == image || blobs.contains(blob), path);
      blobs[blob].push_back({i, top});
    }
  }
  return blobs;
}

class Names {
 public:
  Names(const std::vector<const LayerParameter*>& layers, const Blobs& blobs, const std::string& image)
      : layers_(layers), image_(image), taken_{image} {
    for (const auto& [blob, writers] : blobs) taken_.insert(blob);
  }

  // Of the values of a blob, in their order.
  std::vector<std::string> of(const std::string& blob, const std::vector<Written>& writers) {
    std::vector<std::string> names(writers.size());
    std::string covering, type;  // the value behind, and the type of its layer
    const bool computed = std::any_of(writers.begin(), writers.end(),
                                      [&](const Written& one) { return !passes(layers_[one.layer]->type()); });
    for (size_t i = writers.size(); i > 0; --i) {
      const LayerParameter& layer = *layers_[writers[i - 1].layer];
      std::string& name = names[i - 1];
      if (passes(layer.type()) && computed) {
        name = own(layer, blob + ":" + layer.type());
        continue;
      }
      if (covering.empty())
        name = blob == image_ ? own(layer, blob + ":" + layer.type()) : blob;
      else if (is_activation(type))
        name = free(covering + ":pre");
      else
        name = i == 1 && blob != image_ ? free(blob + ":raw") : own(layer, blob + ":raw");
      covering = name;
      type = layer.type();
    }
    return names;
  }

 private:
  std::string free(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 1; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
    return name;
  }
  // The layer's own name where that is free.
  std::string own(const LayerParameter& layer, const std::string& otherwise) {
    return !layer.name().empty() && taken_.insert(layer.name()).second ? layer.name() : free(otherwise);
  }

  const std::vector<const LayerParameter*>& layers_;
  const std::string& image_;
  std::set<std::string> taken_;
};

}  // namespace

std::vector<LayerValues> values_of(const std::vector<const LayerParameter*>& layers, const std::string& image,
                                   const std::string& path) {
  const Blobs blobs = blobs_of(layers, image, path);
  std::vector<LayerValues> values(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) values[i].outputs.resize(static_cast<size_t>(layers[i]->top_size()));
  Names names(layers, blobs, image);
  for (const auto& [blob, writers] : blobs) {
    const std::vector<std::string> of_blob = names.of(blob, writers);
    for (size_t i = 0; i < writers.size(); ++i)
      values[writers[i].layer].outputs[static_cast<size_t>(writers[i].top)] = of_blob[i];
  }
  std::map<std::string, std::string> now{{image, image}};
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const std::string& bottom : layers[i]->bottom()) values[i].inputs.push_back(now.at(bottom));
    for (size_t top = 0; top < values[i].outputs.size(); ++top)
      now[layers[i]->top(static_cast<int>(top))] = values[i].outputs[top];
  }
  return values;
}

}  // namespace phosphene::caffe
