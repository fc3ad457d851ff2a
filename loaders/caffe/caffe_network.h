// A Caffe network on its way to a Model: which layer last wrote each blob, what shapes are at the size it was trained
// at, and the names of loaders/model/model.h.
#pragma once

#include <loaders/caffe/caffe.pb.h>

#include <map>
#include <string>

#include "layers/network/convolution.h"
#include "loaders/model/model.h"

namespace phosphene::caffe {

class CaffeNetwork {
 public:
  // `where` names the topology in errors. The model must have its input's size.
  CaffeNetwork(Model& model, std::string where);

  void set_input(const std::string& blob);

  // "deploy.prototxt: layer 'conv1'".
  [[nodiscard]] std::string where(const LayerParameter& layer) const;

  // The shape of a layer's only source; throws when it has several, or none has written it.
  [[nodiscard]] const Shape& source_shape(const LayerParameter& layer) const;

  // Appends an op that reads the layer's bottoms and writes its top. Its name is the top's; or, where the top is
  // written again (in place), the layer's own. Where both differ and are free, the layer's name becomes an alias.
  void add(const LayerParameter& layer, std::shared_ptr<const Op> op);

  // A ReLU in place takes the name of what it covers, which gets ":pre".
  void add_relu(const LayerParameter& layer);

  // A layer that does nothing at inference: its tops and its name stand for what it reads.
  void pass(const LayerParameter& layer);

  // The convolution whose output is this layer's only source, if nothing has read that yet: batch normalisation and
  // scale fold into it. Throws when there is none.
  [[nodiscard]] const Convolution& folds_into(const LayerParameter& layer) const;
  void fold(const LayerParameter& layer, std::shared_ptr<const Convolution> convolution);

 private:
  [[nodiscard]] const std::string& value_of(const LayerParameter& layer, const std::string& blob) const;
  [[nodiscard]] const std::string& only_source(const LayerParameter& layer) const;
  [[nodiscard]] const std::string& only_top(const LayerParameter& layer) const;
  void append(const LayerParameter& layer, const std::string& name, std::shared_ptr<const Op> op,
              std::vector<std::string> inputs);
  void rename(const std::string& from, const std::string& to);
  void alias(const std::string& alias, const std::string& name);
  [[nodiscard]] bool taken(const std::string& name) const { return infos_.contains(name); }
  [[nodiscard]] Layer& layer_called(const std::string& name);

  Model& model_;
  std::string where_;
  std::map<std::string, std::string> values_;  // by blob: the name of the layer that wrote it last
  std::map<std::string, TensorInfo> infos_;    // by layer
};

}  // namespace phosphene::caffe
