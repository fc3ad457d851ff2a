// Keras weights (.h5, .weights.h5: HDF5 without a topology) of a network known by name.
#pragma once

#include <string>

#include "loaders/import/import.h"
#include "loaders/model/model.h"

namespace phosphene {

// `architecture`: "vgg16" or "vgg19", the trunk of 13 or 16 convolutions of K. Simonyan and A. Zisserman, "Very Deep Convolutional
// Networks for Large-Scale Image Recognition" (2015), configurations D and E: layers conv1_1 ... and pool1 ... pool5, input BGR minus the mean
// of ImageNet. Kernel (R S C K) and bias of the second convolution of block 1 are the weights of the layer block1_conv2 (with top or
// without), or block1/layers/conv2d_1/vars/0 and /1, or layers/conv2d_1/vars/0 and /1. Or one of loaders/keras_networks, under the names of
// its layers. "": told by the names of the layers. Throws for Theano's kernels.
Model read_keras(const std::string& path, const std::string& architecture, const source::ImportOptions& options = {});

// Whether a file begins as HDF5 does.
bool is_hdf5(const std::string& path);

}  // namespace phosphene
