#include "experiment/objective/reference_term.h"

#include <filesystem>

#include "experiment/objective/reference_photos.h"
#include "layers/objective/reference_objective.h"

namespace phosphene {
namespace {

template <ReferenceKind kKind>
class ReferenceTerm final : public Term {
 public:
  std::string layer;
  NamedFile photo;
  int64_t power = 0;  // of the cosine

  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, std::nullopt}}; }
  [[nodiscard]] std::string short_name() const override {
    return "like_" + std::filesystem::path(photo.name).stem().string();
  }
  [[nodiscard]] std::string words() const override {
    return fmt::format("{} of {}{}", kKind == ReferenceKind::caricature ? "caricature" : "inversion", photo.name,
                       power > 0 ? fmt::format(", cosine power {}", power) : "");
  }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override {
    using Ops = RowOps<ReferenceRow, ReferenceTerm>;
    ReferencePhotos& photographs = context.photographs(place);
    const ValueId activation = context.layer(layer, place);
    const ValueId value = context.graph
                              .append_all(std::make_shared<ReferenceObjective>(kKind),
                                          {activation, photographs.value(photo, layer, place),
                                           context.graph.state(Ops::rows_of(context), reference_rows(context.n()))},
                                          context.name())
                              .front();
    return std::make_unique<Ops>(context, value, [](const BatchImage& image, const ReferenceTerm& term) {
      return ReferenceRow{term.weight_for(image), static_cast<int32_t>(term.power)};
    });
  }

 protected:
  [[nodiscard]] double share(const BatchImage& /*image*/, int64_t /*count*/) const override { return weight; }
};

template <class T>
std::vector<Key<T>> keys() {
  std::vector<Key<T>> keys;
  keys.push_back(key("layer", &T::layer, layer_name(), "The layer to compare.").required());
  keys.push_back(key("photo", &T::photo, photograph_value(), "The photograph.").required());
  return keys;
}

}  // namespace

Value<NamedFile> photograph_value() { return file("macaw.jpg", FileKind::photograph); }

TermKind caricature_kind() {
  using Caricature = ReferenceTerm<ReferenceKind::caricature>;
  std::vector<Key<Caricature>> all = keys<Caricature>();
  all.push_back(
      key("power", &Caricature::power, cosine_power(), "The power of the cosine that the dot product is multiplied by.")
          .data());
  return term_kind(
      "caricature",
      "How strongly the layer agrees with its activation for a photograph, seen through the same transforms: "
      "what is there, exaggerated.",
      Object<Caricature>("", std::move(all)).value());
}

TermKind inversion_kind() {
  using Inversion = ReferenceTerm<ReferenceKind::inversion>;
  return term_kind(
      "inversion",
      "How near the layer is to its activation for a photograph, seen through the same transforms: what it "
      "still knows of it.",
      Object<Inversion>("", keys<Inversion>()).value());
}

}  // namespace phosphene
