// One layer of a Keras model's configuration.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loaders/json_reader.h"
#include "loaders/source/network.h"

namespace phosphene::keras {

// The attributes of a layer's "config": numbers, texts and lists of them as they are; truth values as 0 and 1; lists of lists as one
// list; an activation as its name. null is left out, as is what matters to training alone (initializers, seeds, ...). Throws for a
// dtype that is not floating-point, and for objects.
std::map<std::string, source::Attribute> attributes_of(const JsonReader& config);

// What the numbers of a layer of this class are called, in Keras' order: the inputs of its node behind those of data.
//   Conv1D/2D/3D, Conv2DTranspose, Conv3DTranspose, Dense   kernel, bias (with use_bias)
//   DepthwiseConv1D/2D                                      depthwise_kernel, bias (with use_bias)
//   SeparableConv1D/2D                                      depthwise_kernel, pointwise_kernel, bias (with use_bias)
//   BatchNormalization, SyncBatchNormalization              gamma (with scale), beta (with center), moving_mean, moving_variance
//   LayerNormalization, GroupNormalization                  gamma (with scale), beta (with center)
//   PReLU                                                   alpha
//   Normalization                                           mean, variance (without a mean in its configuration)
// Every other class: none.
std::vector<std::string> weight_names(const std::string& class_name, const JsonReader& config);

// A shape with its batch, such as [null, 224, 224, 3]: null is 0.
std::vector<int64_t> shape_of(const JsonReader& json);

}  // namespace phosphene::keras
