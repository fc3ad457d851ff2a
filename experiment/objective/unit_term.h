// Objectives on one unit: a channel, a neuron, a class, its probability. kernels/unit_objective.h has the formula.
#pragma once

#include "experiment/objective/term.h"
#include "kernels/parameters.h"

namespace phosphene {

// What units are read from.
struct UnitActivation {
  ValueId value = kNoValue;
  Shape shape;
  int64_t begin = 0;  // the channel of the term's layer that is channel 0 here
  bool whole = true;  // all of the layer's channels
};

class UnitTerm : public Term {
 public:
  std::string layer;             // "": the model's logits
  std::optional<int64_t> index;  // a channel, or a class that is given by its index
  std::string class_label;       // a class that is given by its label

  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, std::nullopt}}; }
  [[nodiscard]] std::string short_name() const override;
  [[nodiscard]] std::optional<int64_t> unit() const override { return index; }
  [[nodiscard]] std::string label() const override { return class_label; }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override;

  // `factor`: which of a product's units this is, 0 elsewhere.
  [[nodiscard]] virtual UnitActivation append_activation(const TermContext& context, size_t factor) const;
  // Throws where the unit does not exist.
  [[nodiscard]] UnitRow row(const Model& model, const UnitActivation& activation, const BatchImage& image) const;

 protected:
  // The whole map, or a position of it.
  virtual void place_in(const Shape& /*map*/, UnitRow& /*row*/) const {}
};

TermKind channel_kind();
TermKind neuron_kind();
TermKind class_kind();
TermKind probability_kind();
TermKind interpolation_kind();

// A unit as a factor of a product: {"channel": {...}}.
Value<std::shared_ptr<UnitTerm>> unit_value();

}  // namespace phosphene
