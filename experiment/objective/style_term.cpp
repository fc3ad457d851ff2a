#include "experiment/objective/style_term.h"

#include <filesystem>

#include "experiment/objective/reference_photos.h"
#include "experiment/objective/reference_term.h"
#include "layers/objective/style.h"

namespace phosphene {
namespace {

class StyleTerm final : public Term {
 public:
  std::string layer;
  NamedFile photo;
  StyleForm form = StyleForm::l1;
  bool pooled = false;  // the images of the group have one Gram matrix

  [[nodiscard]] bool couples() const override { return pooled; }
  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, std::nullopt}}; }
  [[nodiscard]] std::string short_name() const override {
    return "like_" + std::filesystem::path(photo.name).stem().string();
  }
  [[nodiscard]] std::string words() const override { return "style of " + photo.name; }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override {
    using Ops = RowOps<StyleRow, StyleTerm>;
    ReferencePhotos& photographs = context.photographs(place);
    const ValueId activation = context.layer(layer, place);
    const int64_t set = pooled ? context.group() : 1;
    const ValueId reference = append_grams(context.graph, photographs.value(photo, layer, place), set,
                                           context.name() + " gram matrices of the photograph");
    const ValueId rows = context.graph.state(Ops::rows_of(context), style_rows(context.n()));
    const ValueId value = append_style(context.graph, activation, reference, rows, form, set, context.name());
    return std::make_unique<Ops>(context, value, [](const BatchImage& image, const StyleTerm& term) {
      return StyleRow{term.weight_for(image)};
    });
  }

 protected:
  [[nodiscard]] double share(const BatchImage& /*image*/, int64_t /*count*/) const override { return weight; }
};

}  // namespace

TermKind style_kind() {
  return term_kind(
      "style",
      "How near the Gram matrix of the layer is to that of a photograph, seen through the same transforms: its "
      "texture, "
      "wherever in the picture.",
      Object<StyleTerm>(
          "", {key("layer", &StyleTerm::layer, layer_name(), "The layer to compare.").required(),
               key("photo", &StyleTerm::photo, photograph_value(), "The photograph.").required(),
               key("form", &StyleTerm::form, word<StyleForm>({{"l1", StyleForm::l1}, {"l2", StyleForm::l2}}),
                   "The mean of absolute differences, or the root of the mean of their squares."),
               key("pooled", &StyleTerm::pooled, boolean(), "Pool the images of the group into one Gram matrix.")})
          .value());
}

}  // namespace phosphene
