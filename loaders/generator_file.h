// The file of a generator (loaders/model/generator.h): a .safetensors with the metadata
//   "format": "phosphene-generator-1"
//   "leaky_slope": "0.2"
//   "layers": a JSON list, in order: {"name", "type": "conv" or "conv_transpose", "in_channels", "out_channels", "kernel", "stride",
//             "padding", "output_padding" (0 if left out), "activation": "leaky_relu", "relu", "none"; of the last layer "sigmoid"}
//   "training": JSON, whose "encoder" names the layer that codes of photographs are made from, '/' written as '_'; may be left out
// and the tensors NAME.weight (out x in x k x k, transposed in x out x k x k), NAME.bias, code_mean, code_std, code_min, code_max
// (a number per channel of the code) and, with an encoder, encoder_mean (C) and encoder_proj (C x channels of the code).
#pragma once

#include <string>

#include "loaders/model/generator.h"

namespace phosphene {

// Throws naming the file, the layer and what is wrong with it.
Generator read_generator(const std::string& path);

}  // namespace phosphene
