#include "experiment/objective/group_terms.h"

#include "layers/objective/alignment.h"
#include "layers/objective/diversity.h"

namespace phosphene {
namespace {

class GroupTerm : public Term {
 public:
  std::string layer;

  [[nodiscard]] bool leads() const override { return false; }
  [[nodiscard]] bool couples() const override { return true; }
  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, std::nullopt}}; }
};

class DiversityTerm final : public GroupTerm {
 public:
  bool per_image = true;  // Lucid's 1 / B

  [[nodiscard]] std::string words() const override { return "diversity"; }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override {
    using Ops = RowOps<DiversityRow, DiversityTerm>;
    const ValueId activation = context.layer(layer, place);
    const DiversityForm form = diversity_form(context.graph.shape(activation), context.group());
    const ValueId rows = context.graph.state(Ops::rows_of(context), diversity_rows(context.n()));
    const ValueId value = append_diversity(context.graph, activation, rows, context.group(), form, context.name());
    return std::make_unique<Ops>(context, value, [](const BatchImage& image, const DiversityTerm& term) {
      return DiversityRow{term.weight_for(image)};
    });
  }

 protected:
  [[nodiscard]] double share(const BatchImage& /*image*/, int64_t count) const override {
    return per_image ? weight / static_cast<double>(count) : weight;
  }
};

class AlignmentTerm final : public GroupTerm {
 public:
  double decay = 2;

  [[nodiscard]] std::string words() const override { return "alignment"; }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override {
    using Ops = RowOps<AlignmentRow, AlignmentTerm>;
    const ValueId value = context.graph.append(
        std::make_shared<Alignment>(context.group()),
        {context.layer(layer, place), context.graph.state(Ops::rows_of(context), alignment_rows(context.n()))},
        context.name());
    return std::make_unique<Ops>(context, value, [](const BatchImage& image, const AlignmentTerm& term) {
      return AlignmentRow{term.weight_for(image), static_cast<float>(term.decay)};
    });
  }

 protected:
  [[nodiscard]] double share(const BatchImage& /*image*/, int64_t /*count*/) const override { return weight; }
};

template <class T>
Key<T> layer_key() {
  return key_of<T>("layer", &T::layer, layer_name(), "The layer to compare.").required();
}

}  // namespace

TermKind diversity_kind() {
  TermKind kind =
      term_kind("diversity",
                "How alike the images of the group are, by the Gram matrices of a layer. A negative weight such as "
                "-100 makes them "
                "differ.",
                Object<DiversityTerm>(
                    "", {layer_key<DiversityTerm>(),
                         key("form", &DiversityTerm::per_image, word<bool>({{"lucid", true}, {"article", false}}),
                             "Lucid divides the sum over pairs by the number of images; the article does not.")
                             .data()})
                    .value());
  kind.is_minimised = true;
  kind.weight = "-100";
  return kind;
}

TermKind alignment_kind() {
  return term_kind(
      "alignment", "Similarity of the activations of neighbouring images in the group.",
      Object<AlignmentTerm>("", {layer_key<AlignmentTerm>(), key("decay", &AlignmentTerm::decay, number(1e-3, 1e6),
                                                                 "Each image further away counts less by this factor.")
                                                                 .data()})
          .value());
}

}  // namespace phosphene
