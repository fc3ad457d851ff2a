#include "experiment/objective/penalty_term.h"

#include <algorithm>

#include "experiment/objective/reference_photos.h"
#include "experiment/objective/reference_term.h"
#include "layers/objective/penalty.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

class PenaltyTerm : public Term {
 public:
  PenaltyKind kind = PenaltyKind::total_variation;
  std::string name_in_words;
  double constant = 0.5;  // L1, L2 and boundary complexity: what the distance is taken from
  int64_t border = 16;    // boundary complexity: pixels

  [[nodiscard]] bool leads() const override { return false; }
  [[nodiscard]] std::string words() const override { return name_in_words; }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override {
    using Ops = RowOps<PenaltyRow, PenaltyTerm>;
    const ValueId image = image_of(context);
    if (image == kNoValue) fail(place, "a penalty needs an image, and there is none here");
    const double pixels = pixels_shared(context.graph.shape(image));
    std::vector<ValueId> src = {image, context.graph.state(Ops::rows_of(context), penalty_rows(context.n()))};
    append_sources(context, src);
    const ValueId value =
        context.graph.append_all(std::make_shared<Penalty>(kind, border), std::move(src), context.name()).front();
    return std::make_unique<Ops>(context, value, [part = 1.0 / pixels](const BatchImage& to, const PenaltyTerm& term) {
      return PenaltyRow{static_cast<float>(part * static_cast<double>(term.weight_for(to))),
                        static_cast<float>(term.constant)};
    });
  }

 protected:
  [[nodiscard]] virtual ValueId image_of(const TermContext& context) const { return context.image.picture; }
  // The pixels that the weight is divided over.
  [[nodiscard]] virtual double pixels_shared(const Shape& /*image*/) const { return 1; }
  // Appends what the penalty reads beside the image and its rows.
  virtual void append_sources(const TermContext& /*context*/, std::vector<ValueId>& /*src*/) const {}
  [[nodiscard]] double share(const BatchImage& /*image*/, int64_t /*count*/) const override { return weight; }
};

class InputDifference final : public PenaltyTerm {
 public:
  NamedFile photo;  // empty: the photograph that the image started from

  InputDifference() { kind = PenaltyKind::input_difference; }

 protected:
  // Each photograph is missed under the key that names it.
  void append_sources(const TermContext& context, std::vector<ValueId>& src) const override {
    ReferencePhotos& photographs = context.photographs(place);
    const ImageSettings& settings = context.settings;
    if (!photo.empty()) {
      src.push_back(photographs.photograph(photo, place));
    } else if (settings.starts_from_photo()) {
      src.push_back(photographs.photograph(settings.initial, settings.file + ": /initial"));
    } else {
      fail(place, "no photograph to compare with: name one (\"photo\"), or start from one (/initial)");
    }
  }
};

// Alpha is not negative: its mean is the L1 distance from 0, divided over the pixels.
class MeanAlpha final : public PenaltyTerm {
 public:
  MeanAlpha() {
    kind = PenaltyKind::l1;
    constant = 0;
  }

  [[nodiscard]] bool reads_alpha() const override { return true; }

 protected:
  [[nodiscard]] ValueId image_of(const TermContext& context) const override { return context.image.alpha; }
  [[nodiscard]] double pixels_shared(const Shape& image) const override {
    return static_cast<double>(image.h * image.w);
  }
};

// A penalty's kind, from its keys.
template <class T>
TermKind penalty(std::string name, std::string sentence, std::vector<Key<T>> keys,
                 std::optional<PenaltyKind> kind = std::nullopt) {
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  const auto named = [words, kind](T term) {
    term.name_in_words = words;
    if (kind) term.kind = *kind;
    return term;
  };
  TermKind made = term_kind(std::move(name), "A penalty on the image: " + std::move(sentence),
                            converted(Object<T>("", std::move(keys)).value(), named));
  made.is_minimised = true;
  made.weight = "-0.25";
  return made;
}

Key<PenaltyTerm> constant_key() {
  return key("constant", &PenaltyTerm::constant, number(-kAnyNumber, kAnyNumber),
             "The grey value that distances are taken from.")
      .data();
}

}  // namespace

TermKind total_variation_kind() {
  return penalty<PenaltyTerm>("total_variation", "differences of neighbouring pixels, summed.", {},
                              PenaltyKind::total_variation);
}

TermKind l1_kind() {
  return penalty<PenaltyTerm>("l1", "distances from a grey value, summed.", {constant_key()}, PenaltyKind::l1);
}

TermKind l2_kind() {
  return penalty<PenaltyTerm>("l2", "the root of the sum of squared distances from a grey value.", {constant_key()},
                              PenaltyKind::l2);
}

TermKind blur_kind() {
  return penalty<PenaltyTerm>(
      "blur", "what a blur would take away.",
      {key_read_by<PenaltyTerm>(
           "through", boolean(),
           "The gradient passes through the blur too, instead of holding the blurred image constant.",
           [](bool through, PenaltyTerm& term) { term.kind = through ? PenaltyKind::blur_through : PenaltyKind::blur; })
           .by_default("false")});
}

TermKind boundary_complexity_kind() {
  return penalty<PenaltyTerm>(
      "boundary_complexity", "what a blur would take away near its edges, and the distance from a grey value there.",
      {key("border", &PenaltyTerm::border, integer(1, 1 << 14), "Width of the edge, in pixels."), constant_key()},
      PenaltyKind::boundary_complexity);
}

TermKind input_difference_kind() {
  return penalty<InputDifference>(
      "input_difference", "the root of the mean of its squared differences from a photograph, or that mean.",
      {key("photo", &InputDifference::photo, photograph_value(),
           "The photograph; by default the one that the image started from."),
       key_of<InputDifference>("form", &InputDifference::kind,
                               word<PenaltyKind>({{"root", PenaltyKind::input_difference},
                                                  {"mean_square", PenaltyKind::input_mean_square}}),
                               "The root of the mean, or the mean itself, which is gentle on small "
                               "differences and hard on large ones.")});
}

TermKind mean_alpha_kind() {
  return penalty<MeanAlpha>("mean_alpha", "how much of a transparent image is opaque, the mean of its alpha.", {});
}

}  // namespace phosphene
