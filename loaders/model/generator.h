// A generator: a small network that draws an image from a code. Optimising the code instead of pixels confines the image to what
// the generator can draw, a learned prior (A. Nguyen et al., "Synthesizing the preferred inputs for neurons in neural networks via
// deep generator networks", NeurIPS 2016).
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

// Appends code (N C h w, channels_last) -> planar image N C (scale h) (scale w) in [0, 1].
ValueId append_generator(Graph& graph, const Generator& generator, ValueId code);

}  // namespace phosphene
