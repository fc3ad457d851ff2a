// Keras' files: whole models as HDF5 (.h5, Keras 2 and 3) and as archives (.keras, Keras 3), and weights without a model.
//
// A model as nodes: layer L of class C is the node "keras.C" that writes the value "L"; layers of a nested model M are called "M/L". Its
// inputs are what it reads and then its numbers, the constants "L/kernel" and so on (layer_config.h lists them by class). Attributes
// are the layer's configuration as layer_config.h says. A layer without numbers that is called again writes "L:call1". What Keras 3
// makes of `x * 2` is the node "keras.ops.Multiply", whose numbers are constants without dimensions, "L/argument1". Inputs have the
// batch in front, 0 where the size is free, and the channels where data_format says.
#pragma once

#include <string>
#include <vector>

#include "loaders/keras/hdf5.h"
#include "loaders/source/network.h"

namespace phosphene {

// Whether a file is a whole model of Keras: HDF5 with a configuration, or an archive with one. Throws when it cannot be opened.
bool is_keras_model(const std::string& path);

// Throws, naming the layer or the dataset, for what is damaged, has Python code in it, or is made by Theano.
source::Network read_keras_model(const std::string& path);

// How weights without a model (or those in one) are laid out.
enum class KerasLayout {
  numbered,  // Keras 0.3: layer_N/param_M, attribute nb_layers. Theano's: kernels K C R S, turned by 180 degrees
  named,     // Keras 1 to 3, .h5: LAYER/WEIGHT in the order of layer_names and weight_names
  counted    // Keras 3, .weights.h5: .../CLASS_N/vars/M
};

struct KerasLayerWeights {
  std::string layer;                  // its name; where a file knows none, the path of its group
  std::string group;                  // "layers/conv2d_1"
  std::vector<std::string> datasets;  // paths, in Keras' order: kernel, bias; gamma, beta, moving_mean, moving_variance
  std::vector<std::vector<int64_t>> dims;  // of each; kernels R S C K
};

struct KerasWeights {
  hdf5::File file;
  KerasLayout layout = KerasLayout::named;
  std::string backend;  // "tensorflow"; "" where the file says none
  std::vector<KerasLayerWeights>
      layers;  // those that have weights; of `counted` sorted by their groups, not in the model's order

  [[nodiscard]] const KerasLayerWeights* find(
      const std::string& layer) const;  // by name or group; null when there is none
  // Number `index` of a layer, which must have these dimensions.
  [[nodiscard]] std::vector<float> numbers(const KerasLayerWeights& layer, size_t index,
                                           const std::vector<int64_t>& dims) const {
    return file.numbers(layer.datasets.at(index), dims);
  }
};

// Throws when a file is of none of these layouts.
KerasWeights read_keras_weights(const std::string& path);

}  // namespace phosphene
