// A generator: a small network that draws an image from a code. Optimising the code instead of pixels confines the image to what
// the generator can draw, a learned prior (A. Nguyen et al., "Synthesizing the preferred inputs for neurons in neural networks via
// deep generator networks", NeurIPS 2016).
//
// The file is a .safetensors with the metadata
//   "format": "phosphene-generator-1"
//   "leaky_slope": "0.2"
//   "layers": a JSON list, in order: {"name", "type": "conv" or "conv_transpose", "in_channels", "out_channels", "kernel", "stride",
//             "padding", "output_padding" (0 if left out), "activation": "leaky_relu", "relu", "none"; of the last layer "sigmoid"}
//   "training": JSON, whose "encoder" names the layer that codes of photographs are made from, '/' written as '_'; may be left out
// and the tensors NAME.weight (out x in x k x k, transposed in x out x k x k), NAME.bias, code_mean, code_std, code_min, code_max
// (a number per channel of the code) and, with an encoder, encoder_mean (C) and encoder_proj (C x channels of the code).
#pragma once

#include <string>
#include <vector>

#include "layers/network/window.h"
#include "runtime/graph.h"

namespace phosphene {

struct GeneratorLayer {
  std::string name;
  bool transposed = false;
  int64_t in_channels = 0, out_channels = 0;
  WindowAttributes window;  // of a transposed convolution: that of the convolution whose transpose it is
  Weights weights, bias;
  bool rectified = true;  // by a leaky ReLU
  float slope = 0;
};

// code = (features - mean) . projection, at every position of the layer's value on a photograph.
struct GeneratorEncoder {
  std::string layer;
  std::vector<float> mean;
  HostTensor projection;  // features x channels of the code
};

struct Generator {
  std::string file;
  std::vector<GeneratorLayer> layers;
  int64_t scale = 1;  // pixels for each position of the code, along either side
  int64_t code_channels = 0, image_channels = 3;
  std::vector<float> code_mean, code_std, code_min, code_max;  // of each channel
  GeneratorEncoder encoder;                                    // without one: no layer
};

// Throws naming the file, the layer and what is wrong with it.
Generator read_generator(const std::string& path);

// Appends code (N C h w, channels_last) -> planar image N C (scale h) (scale w) in [0, 1].
ValueId append_generator(Graph& graph, const Generator& generator, ValueId code);

}  // namespace phosphene
