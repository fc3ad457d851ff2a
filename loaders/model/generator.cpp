#include "loaders/model/generator.h"

#include <memory>

#include "layers/image/sigmoid_image.h"
#include "layers/network/activation.h"
#include "layers/network/bias.h"
#include "layers/network/convolution.h"
#include "layers/network/transposed_convolution.h"

namespace phosphene {

ValueId append_generator(Graph& graph, const Generator& generator, ValueId code) {
  ValueId value = code;
  for (const GeneratorLayer& layer : generator.layers) {
    const std::string name = "generator " + layer.name;
    if (layer.transposed) {
      value = graph.append(std::make_shared<TransposedConvolution>(layer.window, layer.weights), {value}, name);
      value = append_bias(graph, value, layer.bias, name);
    } else {
      value = graph.append(std::make_shared<Convolution>(layer.window, 1, layer.weights, layer.bias), {value}, name);
    }
    if (layer.rectified) value = graph.append(Activation::leaky_relu(layer.slope), {value}, name);
  }
  return graph.append(std::make_shared<SigmoidImage>(), {value}, "image");
}

}  // namespace phosphene
