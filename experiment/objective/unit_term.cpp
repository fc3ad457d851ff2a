#include "experiment/objective/unit_term.h"

#include "layers/network/softmax.h"
#include "layers/objective/unit_objective.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// The mean of a channel.
class ChannelTerm : public UnitTerm {
 public:
  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, index}}; }
  [[nodiscard]] std::string words() const override { return fmt::format("channel {}", *index); }
};

class NeuronTerm final : public UnitTerm {
 public:
  Position position;

  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, index}}; }
  [[nodiscard]] std::string words() const override {
    if (!position.row && !position.column) return fmt::format("neuron {} at the centre", *index);
    const auto shown = [](const std::optional<int64_t>& at) { return at ? std::to_string(*at) : "centre"; };
    return fmt::format("neuron {} at ({}, {})", *index, shown(position.row), shown(position.column));
  }

 protected:
  void place_in(const Shape& map, UnitRow& row) const override {
    std::tie(row.row, row.column) = position.within(map, 1, 1, layer, place);
  }
};

class ClassTerm : public UnitTerm {
 public:
  [[nodiscard]] std::string words() const override { return "class " + which(); }

 protected:
  [[nodiscard]] std::string which() const {
    return class_label.empty() ? std::to_string(*index) : "“" + class_label + "”";
  }
  [[nodiscard]] double share(const BatchImage& /*image*/, int64_t /*count*/) const override { return weight; }
};

class ProbabilityTerm final : public ClassTerm {
 public:
  [[nodiscard]] std::string words() const override { return "probability " + which(); }
  [[nodiscard]] UnitActivation append_activation(const TermContext& context, size_t factor) const override {
    UnitActivation activation = ClassTerm::append_activation(context, factor);
    activation.value =
        context.graph.append(std::make_shared<Softmax>(), {activation.value}, context.name() + " probabilities");
    return activation;
  }
};

// One of the two channels of an interpolation, whose weight falls or rises along the images of the group.
class RampTerm final : public ChannelTerm {
 public:
  bool rises = false;

  [[nodiscard]] bool couples() const override { return true; }

 protected:
  [[nodiscard]] double share(const BatchImage& image, int64_t count) const override {
    const double along = static_cast<double>(image.image) / static_cast<double>(count - 1);
    return weight * (rises ? along : 1 - along);
  }
};

template <class T>
std::vector<Key<T>> unit_keys() {
  std::vector<Key<T>> keys;
  keys.push_back(
      key_of<T>("layer", &T::layer, layer_name(), "A layer's name or alias; NAME:pre is the value before its ReLU.")
          .required());
  keys.push_back(
      key_of<T>("unit", &T::index, unit_number(), "A channel of the layer, from 0.").required().data().example("97"));
  return keys;
}

Value<ChannelTerm> channel_value() { return Object<ChannelTerm>("", unit_keys<ChannelTerm>()).value(); }

Value<NeuronTerm> neuron_value() {
  std::vector<Key<NeuronTerm>> keys = unit_keys<NeuronTerm>();
  keys.push_back(key_read_by<NeuronTerm>("row", map_position(),
                                         "The row in the layer's map, from 0; the centre by default.",
                                         [](int64_t row, NeuronTerm& term) { term.position.row = row; })
                     .data());
  keys.push_back(key_read_by<NeuronTerm>("column", map_position(),
                                         "The column in the layer's map, from 0; the centre by default.",
                                         [](int64_t column, NeuronTerm& term) { term.position.column = column; })
                     .data());
  return Object<NeuronTerm>("", std::move(keys)).value();
}

template <class T>
Value<T> class_value() {
  const auto by_index = [](int64_t index) {
    T term;
    term.index = index;
    return term;
  };
  const auto by_label = [](const std::string& label) {
    T term;
    term.class_label = label;
    return term;
  };
  return one_of<T>("",
                   {{"index", "The class, from 0.", converted(integer(0, kMaxUnits), by_index), true},
                    {"label", "Its label, one of the label's comma-separated names, or a part that only one label has.",
                     converted(text("espresso"), by_label), true}});
}

struct Interpolation {
  std::string layer, to_layer;
  int64_t unit = 0, to_unit = 0;
};

Value<Interpolation> interpolation_value() {
  return Object<Interpolation>(
             "", {key("layer", &Interpolation::layer, layer_name(), "The layer of the first channel.").required(),
                  key("unit", &Interpolation::unit, unit_number(), "The channel that the first image draws.")
                      .required()
                      .data(),
                  key("to_layer", &Interpolation::to_layer, layer_name(),
                      "The layer of the last channel; the same one by default."),
                  key("to_unit", &Interpolation::to_unit, unit_number(), "The channel that the last image draws.")
                      .required()
                      .data()})
      .value();
}

std::vector<std::shared_ptr<Term>> interpolation_terms(const Interpolation& between, const std::string& place) {
  std::vector<std::shared_ptr<Term>> terms;
  for (const bool rises : {false, true}) {
    auto term = std::make_shared<RampTerm>();
    term->rises = rises;
    term->layer = rises && !between.to_layer.empty() ? between.to_layer : between.layer;
    term->index = rises ? between.to_unit : between.unit;
    term->place = place;
    terms.push_back(term);
  }
  return terms;
}

template <class T>
Kind<std::shared_ptr<UnitTerm>> factor(const TermKind& kind, Value<T> body) {
  const auto read = [body](const JsonReader& reader) -> std::shared_ptr<UnitTerm> {
    auto term = std::make_shared<T>(body.read(reader));
    term->place = reader.place();
    return term;
  };
  return {kind.name, kind.sentence, {body.format, read, {}}};
}

}  // namespace

std::string UnitTerm::short_name() const { return class_label.empty() ? std::to_string(*index) : class_label; }

UnitActivation UnitTerm::append_activation(const TermContext& context, size_t factor) const {
  const auto found = context.needed.find({context.index, factor});
  if (found == context.needed.end()) {
    const ValueId value = context.layer(layer, place);
    return {value, context.graph.shape(value)};
  }
  const ValueId value = context.network.value(found->second.block);
  return {value, context.graph.shape(value), found->second.begin, false};
}

UnitRow UnitTerm::row(const Model& model, const UnitActivation& activation, const BatchImage& image) const {
  const int64_t unit = at_place(place, [&] { return index ? *index : model.class_index(class_label); });
  const int64_t begin = activation.begin, channels = activation.shape.c;
  if (unit < begin || unit >= begin + channels) {
    if (!activation.whole)
      fail_internal(place, "unit {} is not one of the {} channels from {} on", unit, channels, begin);
    if (layer.empty()) fail(place, "class {} does not exist: {} has {}, 0 to {}", unit, model.name, channels, channels - 1);
    fail(place, "unit {} does not exist: '{}' has {} channels, 0 to {}", unit, layer, channels, channels - 1);
  }
  UnitRow row;
  row.unit = static_cast<int32_t>(unit - begin);
  row.weight = weight_for(image);
  place_in(activation.shape, row);
  return row;
}

std::unique_ptr<TermOps> UnitTerm::append(const TermContext& context) const {
  using Ops = RowOps<UnitRow, UnitTerm>;
  const UnitActivation activation = append_activation(context, 0);
  const ValueId rows = context.graph.state(Ops::rows_of(context), unit_rows(context.n()));
  const ValueId value =
      context.graph.append(std::make_shared<UnitObjective>(), {activation.value, rows}, context.name());
  return std::make_unique<Ops>(context, value,
                               [&model = context.model, activation](const BatchImage& image, const UnitTerm& term) {
                                 return term.row(model, activation, image);
                               });
}

TermKind channel_kind() { return term_kind("channel", "The mean of a channel.", channel_value()); }

TermKind neuron_kind() {
  return term_kind("neuron", "One position of a channel, the centre by default.", neuron_value());
}

TermKind class_kind() { return term_kind("class", "A logit, by index or by label.", class_value<ClassTerm>()); }

TermKind probability_kind() {
  return term_kind("probability", "A class after the softmax, which pushes the other classes down too.",
                   class_value<ProbabilityTerm>());
}

TermKind interpolation_kind() {
  const Value<Interpolation> body = interpolation_value();
  TermKind kind{"interpolation",
                "From one channel, which the first image of the group draws, to another, which the last one draws.",
                body.format,
                {}};
  kind.between = " to ";
  kind.read = [body](const JsonReader& reader) { return interpolation_terms(body.read(reader), reader.place()); };
  return kind;
}

Value<std::shared_ptr<UnitTerm>> unit_value() {
  return one_of<std::shared_ptr<UnitTerm>>(
      "", {factor(channel_kind(), channel_value()), factor(neuron_kind(), neuron_value()),
           factor(class_kind(), class_value<ClassTerm>()), factor(probability_kind(), class_value<ProbabilityTerm>())});
}

}  // namespace phosphene
