// A CPPN for each image: a small network from the coordinates of a pixel to its colour (layers/image/cppn.h).
#include "layers/image/cppn.h"

#include "experiment/image/parameterization_list.h"

namespace phosphene {
namespace {

class CppnParameters final : public ImageParameters {
 public:
  CppnParameters(const CppnParameterization& network, const ImageContext& context)
      : network_(network), image_(context.image) {
    for (const TensorInfo& weights : cppn_weights(network_, image_)) add_parameter(weights);
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId /*picture*/) const override {
    return append_cppn(graph, network_, image_, states);
  }

  [[nodiscard]] std::vector<float> drawn_start(size_t parameter, std::span<const DrawKey> keys) const override {
    return initial_cppn_weights(parameters()[parameter].info, keys, static_cast<uint32_t>(parameter),
                                parameter + 1 == parameters().size());
  }

 private:
  CppnParameterization network_;
  Shape image_;
};

class CppnImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "cppn";

  explicit CppnImage(const CppnParameterization& network) : network_(network) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  // The article's: weights change an image more than as many coefficients do.
  [[nodiscard]] double optimiser_rate_factor() const override { return 0.1; }
  [[nodiscard]] bool has_alpha() const override { return false; }
  [[nodiscard]] bool takes_a_picture() const override { return false; }
  [[nodiscard]] bool plain_by_default() const override { return true; }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<CppnParameters>(network_, context);
  }

 private:
  CppnParameterization network_;
};

}  // namespace

ParameterizationRow cppn_image() {
  return parameterization_row<CppnImage, CppnParameterization>(
      "The weights of a CPPN, a small network from the coordinates of a pixel to its colour. It needs no transforms. "
      "Learning "
      "rates are a tenth of the other parameterizations' by default.",
      {key("layers", &CppnParameterization::layers, integer(1, 64), "How many hidden layers the network has."),
       key("channels", &CppnParameterization::channels, integer(1, 256), "How many channels each hidden layer has."),
       key("activation", &CppnParameterization::unbiased, word<bool>({{"composite", false}, {"unbiased", true}}),
           "The arc tangent and its square (composite), or the same shifted and scaled to have mean 0 (unbiased).")});
}

}  // namespace phosphene
