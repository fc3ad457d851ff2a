#include "experiment/objective/layer_term.h"

#include "layers/objective/layer_objective.h"

namespace phosphene {
namespace {

class LayerTerm final : public Term {
 public:
  std::string layer;

  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, std::nullopt}}; }
  [[nodiscard]] std::string short_name() const override { return "layer"; }
  [[nodiscard]] std::string words() const override { return "the whole layer"; }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override {
    using Ops = RowOps<LayerRow, LayerTerm>;
    const ValueId value = context.graph.append(
        std::make_shared<LayerObjective>(),
        {context.layer(layer, place), context.graph.state(Ops::rows_of(context), layer_rows(context.n()))},
        context.name());
    return std::make_unique<Ops>(context, value, [](const BatchImage& image, const LayerTerm& term) {
      return LayerRow{term.weight_for(image)};
    });
  }
};

}  // namespace

TermKind layer_kind() {
  return term_kind(
      "layer", "DeepDream: the mean of squares of a whole layer.",
      Object<LayerTerm>("", {key("layer", &LayerTerm::layer, layer_name(), "The layer.").required()}).value());
}

}  // namespace phosphene
