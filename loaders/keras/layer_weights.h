// Which numbers a Keras layer has, and where a file keeps them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loaders/keras/hdf5.h"
#include "loaders/source/network.h"

namespace phosphene::keras {

// A layer among those of its model; a path of them leads through nested models to one layer.
struct Step {
  std::string name;
  std::string
      counted;  // what Keras 3 calls it in a file: its class in snake_case, and "_2" for the third of that class
};

// How a class of Keras is spelt in files: "Conv2DTranspose" is "conv2d_transpose".
std::string snake_case(const std::string& class_name);

class LayerWeights {
 public:
  virtual ~LayerWeights() = default;
  // The numbers of the layer at `path` called so ("kernel", "bias"), in Keras' order. Throws unless it has these and no others.
  virtual std::vector<source::Constant> read(const std::vector<Step>& path, const std::vector<std::string>& names) = 0;
};

// Of whole models as HDF5 (.h5), Keras 1 to 3: a group for each layer under model_weights, whose attribute weight_names lists its
// datasets. A nested model is one layer there: its layers' numbers are told by their names.
std::unique_ptr<LayerWeights> grouped_weights(hdf5::File& file);

// Of Keras 3's model.weights.h5: layers/CLASS_N/vars/M, and the same again within a nested model's layers/CLASS_N.
std::unique_ptr<LayerWeights> counted_weights(hdf5::File& file);

}  // namespace phosphene::keras
