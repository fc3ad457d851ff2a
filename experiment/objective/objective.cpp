#include "experiment/objective/objective.h"

#include <algorithm>

#include "experiment/objective/direction_vectors.h"
#include "layers/network/add.h"
#include "layers/network/softmax.h"
#include "layers/objective/alignment.h"
#include "layers/objective/direction_objective.h"
#include "layers/objective/diversity.h"
#include "layers/objective/layer_objective.h"
#include "layers/objective/penalty.h"
#include "layers/objective/product_objective.h"
#include "layers/objective/reference_objective.h"
#include "layers/objective/style.h"
#include "layers/objective/unit_objective.h"
#include "runtime/error.h"
#include "runtime/problems/objective.h"

namespace phosphene {

// One term for all images of a batch: an op, and the table that says what each image's is.
class ObjectiveTerm {
 public:
  ObjectiveTerm() = default;
  ObjectiveTerm(const ObjectiveTerm&) = delete;
  ObjectiveTerm& operator=(const ObjectiveTerm&) = delete;
  virtual ~ObjectiveTerm() = default;

  [[nodiscard]] virtual ValueId value() const = 0;
  // `states` null: only checks.
  virtual void write(States* states, const std::vector<BatchImage>& slots) const = 0;
};

namespace {

// What a term is built from.
struct TermContext {
  Graph& graph;
  ModelGraph& network;
  const Model& model;
  const Config& config;
  const Term& term;
  size_t index;  // within the objective
  int64_t n, group;
  ImageValues image;
  ReferencePhotos* references;
  const NeededChannels& reads;

  [[nodiscard]] std::string name() const { return fmt::format("objective {}", index); }
  [[nodiscard]] ValueId layer() const { return layer_of(term); }
  [[nodiscard]] ValueId layer_of(const Term& any, const NeededBlock* read = nullptr) const {
    try {
      if (read != nullptr) return network.value(read->block);
      return network.value(any.of_a_class() ? model.logits() : any.layer);
    } catch (const Error& error) {
      throw Error(error.blame(), any.place, error.what());
    }
  }
};

// The term's weight for one image: over the images that its mean runs over.
float weight_of(const BatchImage& slot, const Term& term) {
  const bool applies =
      term.images.empty() || std::find(term.images.begin(), term.images.end(), slot.image) != term.images.end();
  if (!applies) return 0;
  const auto images = static_cast<double>(term.images.empty() ? slot.config->images : std::ssize(term.images));
  if (term.ramp != Ramp::none) {
    const double along = static_cast<double>(slot.image) / (images - 1);
    return static_cast<float>(term.weight * (term.ramp == Ramp::rising ? along : 1 - along));
  }
  const bool sums = term.of_a_class() || term.kind == TermKind::penalty || term.kind == TermKind::alignment ||
                    term.kind == TermKind::product || term.refers() ||
                    (term.kind == TermKind::diversity && !term.per_image);
  return static_cast<float>(sums ? term.weight : term.weight / images);
}

// The position a term reads, or where its patch begins, checked; the centre by default.
std::pair<int32_t, int32_t> position_of(const Term& term, const Shape& shape, const Patch& patch = {}) {
  const bool one = patch == Patch{};  // of the four in the middle of an even map, a neuron is the last
  const int64_t row = term.row.value_or(one ? shape.h / 2 : (shape.h - patch.height) / 2);
  const int64_t column = term.column.value_or(one ? shape.w / 2 : (shape.w - patch.width) / 2);
  if (row + patch.height > shape.h || column + patch.width > shape.w) {
    fail(term.place, "position ({}, {}) lies outside '{}', which has {} rows and {} columns", row, column, term.layer,
         shape.h, shape.w);
  }
  return {static_cast<int32_t>(row), static_cast<int32_t>(column)};
}

// A term whose table has one row per image, made from the slot and its config's term.
template <class Row>
class TabulatedTerm : public ObjectiveTerm {
 public:
  explicit TabulatedTerm(const TermContext& context) : index_(context.index), rows_(context.name() + " rows") {}

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<BatchImage>& slots) const override {
    std::vector<Row> rows;
    for (const BatchImage& slot : slots) rows.push_back(row(slot, slot.config->objective.at(index_)));
    if (states != nullptr) states->write(rows_, rows);
  }

 protected:
  [[nodiscard]] virtual Row row(const BatchImage& slot, const Term& term) const = 0;
  [[nodiscard]] ValueId table(Graph& graph, const TensorInfo& info) const { return graph.state(rows_, info); }

  size_t index_;
  ValueId value_ = kNoValue;

 private:
  std::string rows_;  // the table's state
};

// What a channel, neuron, class logit or probability is read from.
struct Activation {
  ValueId value = kNoValue;
  Shape shape;
  bool whole = true;  // all of the layer's channels; otherwise those from `begin` on
  int64_t begin = 0;
};

Activation append_activation(const TermContext& context, const Term& term, size_t factor) {
  const auto found = context.reads.find({context.index, factor});
  const NeededBlock* read = found == context.reads.end() ? nullptr : &found->second;
  ValueId value = context.layer_of(term, read);
  if (term.kind == TermKind::probability)
    value = context.graph.append(std::make_shared<Softmax>(), {value}, context.name() + " probabilities");
  return {value, context.graph.shape(value), read == nullptr, read == nullptr ? 0 : read->begin};
}

UnitRow unit_row(const Model& model, const Activation& activation, const BatchImage& slot, const Term& term) {
  int64_t unit = 0;
  try {
    unit = term.unit ? *term.unit : model.class_index(term.label);
  } catch (const Error& error) {
    throw Error(error.blame(), term.place, error.what());
  }
  const int64_t begin = activation.begin, channels = activation.shape.c;
  if (unit < begin || unit >= begin + channels) {
    if (!activation.whole)
      fail_internal(term.place, "unit {} is none of the {} channels from {} on", unit, channels, begin);
    fail(term.place, "unit {} does not exist: '{}' has {} channels, 0 to {}", unit,
         term.layer.empty() ? model.logits() : term.layer, channels, channels - 1);
  }
  UnitRow row;
  row.unit = static_cast<int32_t>(unit - begin);
  row.weight = weight_of(slot, term);
  if (term.kind == TermKind::neuron) std::tie(row.row, row.column) = position_of(term, activation.shape);
  return row;
}

class UnitTerm final : public TabulatedTerm<UnitRow> {
 public:
  explicit UnitTerm(const TermContext& context)
      : TabulatedTerm(context), model_(context.model), activation_(append_activation(context, context.term, 0)) {
    value_ = context.graph.append(std::make_shared<UnitObjective>(),
                                  {activation_.value, table(context.graph, unit_rows(context.n))}, context.name());
  }

 private:
  [[nodiscard]] UnitRow row(const BatchImage& slot, const Term& term) const override {
    return unit_row(model_, activation_, slot, term);
  }

  const Model& model_;
  Activation activation_;
};

// Two units, multiplied.
class ProductTerm final : public ObjectiveTerm {
 public:
  explicit ProductTerm(const TermContext& context)
      : model_(context.model), index_(context.index), rows_(context.name() + " rows") {
    std::vector<ValueId> src;
    for (size_t factor = 0; factor < 2; ++factor) {
      activations_.push_back(append_activation(context, context.term.factors[factor], factor));
      src.push_back(
          context.graph.append(std::make_shared<UnitObjective>(true),
                               {activations_.back().value, context.graph.state(rows_of(factor), unit_rows(context.n))},
                               context.name() + " factor"));
    }
    src.push_back(context.graph.state(rows_, product_rows(context.n)));
    value_ = context.graph.append_all(std::make_shared<ProductObjective>(context.group), src, context.name()).front();
  }

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<BatchImage>& slots) const override {
    std::vector<ProductRow> rows;
    for (const BatchImage& slot : slots) rows.push_back({static_cast<float>(slot.config->objective.at(index_).weight)});
    if (states != nullptr) states->write(rows_, rows);
    for (size_t factor = 0; factor < 2; ++factor) {
      std::vector<UnitRow> units;
      for (const BatchImage& slot : slots)
        units.push_back(
            unit_row(model_, activations_[factor], slot, slot.config->objective.at(index_).factors.at(factor)));
      if (states != nullptr) states->write(rows_of(factor), units);
    }
  }

 private:
  [[nodiscard]] std::string rows_of(size_t factor) const { return fmt::format("{} of factor {}", rows_, factor); }

  const Model& model_;
  size_t index_;
  std::string rows_;
  std::vector<Activation> activations_;
  ValueId value_ = kNoValue;
};

// A direction, or one for each position of a patch.
class DirectionTerm final : public ObjectiveTerm {
 public:
  explicit DirectionTerm(const TermContext& context)
      : index_(context.index),
        rows_(context.name() + " rows"),
        vectors_state_(context.name() + " vectors"),
        activation_(context.layer()),
        shape_(context.graph.shape(activation_)),
        vectors_(context.model, context.config, context.term, shape_) {
    const int64_t count = context.n * vectors_.patch().height * vectors_.patch().width;
    value_ = context.graph.append(std::make_shared<DirectionObjective>(),
                                  {activation_, context.graph.state(rows_, direction_rows(context.n)),
                                   context.graph.state(vectors_state_, direction_vectors(count, shape_.c))},
                                  context.name());
  }

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<BatchImage>& slots) const override {
    std::vector<DirectionRow> rows;
    std::vector<float> vectors;
    for (const BatchImage& slot : slots) {
      const Term& term = slot.config->objective.at(index_);
      rows.push_back(row(slot, term, static_cast<int64_t>(rows.size())));
      const std::vector<float> vector = vectors_.of(slot, term, states == nullptr ? nullptr : &states->backend());
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
    if (states == nullptr) return;
    states->write(rows_, rows);
    states->write(vectors_state_, vectors);
  }

 private:
  [[nodiscard]] DirectionRow row(const BatchImage& slot, const Term& term, int64_t image) const {
    const Patch& patch = vectors_.patch();
    DirectionRow row;
    row.vector = static_cast<int32_t>(image * patch.height * patch.width);
    row.power = term.power;
    row.weight = weight_of(slot, term);
    if (!term.whole_map) std::tie(row.row, row.column) = position_of(term, shape_, patch);
    row.height = static_cast<int32_t>(patch.height);
    row.width = static_cast<int32_t>(patch.width);
    return row;
  }

  size_t index_;
  std::string rows_, vectors_state_;  // states
  ValueId activation_;
  Shape shape_;
  mutable DirectionVectors vectors_;  // remembers photographs
  ValueId value_ = kNoValue;
};

class LayerTerm final : public TabulatedTerm<LayerRow> {
 public:
  explicit LayerTerm(const TermContext& context) : TabulatedTerm(context) {
    value_ = context.graph.append(std::make_shared<LayerObjective>(),
                                  {context.layer(), table(context.graph, layer_rows(context.n))}, context.name());
  }

 private:
  [[nodiscard]] LayerRow row(const BatchImage& slot, const Term& term) const override {
    return {weight_of(slot, term)};
  }
};

class AlignmentTerm final : public TabulatedTerm<AlignmentRow> {
 public:
  explicit AlignmentTerm(const TermContext& context) : TabulatedTerm(context) {
    value_ = context.graph.append(std::make_shared<Alignment>(context.group),
                                  {context.layer(), table(context.graph, alignment_rows(context.n))}, context.name());
  }

 private:
  [[nodiscard]] AlignmentRow row(const BatchImage& slot, const Term& term) const override {
    return {weight_of(slot, term), static_cast<float>(term.decay)};
  }
};

class DiversityTerm final : public TabulatedTerm<DiversityRow> {
 public:
  explicit DiversityTerm(const TermContext& context) : TabulatedTerm(context) {
    const ValueId activation = context.layer();
    const DiversityForm form = diversity_form(context.graph.shape(activation), context.group);
    value_ = append_diversity(context.graph, activation, table(context.graph, diversity_rows(context.n)), context.group,
                              form, context.name());
  }

 private:
  [[nodiscard]] DiversityRow row(const BatchImage& slot, const Term& term) const override {
    return {weight_of(slot, term)};
  }
};

class ReferenceTerm final : public TabulatedTerm<ReferenceRow> {
 public:
  explicit ReferenceTerm(const TermContext& context) : TabulatedTerm(context) {
    const Term& term = context.term;
    if (context.references == nullptr) fail(term.place, "there is no image here that could be beside a photograph");
    const ValueId activation = context.layer();
    const ReferenceKind kind = term.kind == TermKind::caricature ? ReferenceKind::caricature : ReferenceKind::inversion;
    value_ = context.graph
                 .append_all(std::make_shared<ReferenceObjective>(kind),
                             {activation, context.references->value(term.photo, term.layer, term.place),
                              table(context.graph, reference_rows(context.n))},
                             context.name())
                 .front();
  }

 private:
  [[nodiscard]] ReferenceRow row(const BatchImage& slot, const Term& term) const override {
    return {weight_of(slot, term), term.power};
  }
};

class StyleTerm final : public TabulatedTerm<StyleRow> {
 public:
  explicit StyleTerm(const TermContext& context) : TabulatedTerm(context) {
    const Term& term = context.term;
    if (context.references == nullptr) fail(term.place, "there is no image here that could be beside a photograph");
    const ValueId activation = context.layer();
    const int64_t set = term.pooled ? context.group : 1;
    const ValueId reference = append_grams(context.graph, context.references->value(term.photo, term.layer, term.place),
                                           set, context.name() + " gram matrices of the photograph");
    value_ = append_style(context.graph, activation, reference, table(context.graph, style_rows(context.n)),
                          term.style_form, set, context.name());
  }

 private:
  [[nodiscard]] StyleRow row(const BatchImage& slot, const Term& term) const override {
    return {weight_of(slot, term)};
  }
};

class PenaltyTerm final : public TabulatedTerm<PenaltyRow> {
 public:
  explicit PenaltyTerm(const TermContext& context) : TabulatedTerm(context) {
    const Term& term = context.term;
    const ValueId image = term.of_alpha ? context.image.alpha : context.image.picture;
    if (image == kNoValue) fail(term.place, "there is no image here that a penalty could read");
    const Shape& shape = context.graph.shape(image);
    if (term.of_alpha) share_ = 1.0 / static_cast<double>(shape.h * shape.w);
    std::vector<ValueId> src = {image, table(context.graph, penalty_rows(context.n))};
    if (term.penalty == PenaltyKind::input_difference) src.push_back(picture(context));
    value_ =
        context.graph.append_all(std::make_shared<Penalty>(term.penalty, term.border), std::move(src), context.name())
            .front();
  }

 private:
  [[nodiscard]] PenaltyRow row(const BatchImage& slot, const Term& term) const override {
    return {static_cast<float>(share_ * static_cast<double>(weight_of(slot, term))), static_cast<float>(term.constant)};
  }

  // What the image is to stay near; each photograph is missed under the key that names it.
  static ValueId picture(const TermContext& context) {
    const Term& term = context.term;
    const Config& config = context.config;
    if (!term.photo.empty()) return context.references->photograph(term.photo, term.place);
    if (config.starts_from_photo()) return context.references->photograph(config.initial, config.file + ": /initial");
    fail(term.place, "there is no photograph to differ from: name it (\"photo\"), or start from it (/initial)");
  }

  double share_ = 1;  // of its weight
};

std::unique_ptr<ObjectiveTerm> make_term(const TermContext& context) {
  switch (context.term.kind) {
    case TermKind::channel:
    case TermKind::neuron:
    case TermKind::class_logit:
    case TermKind::probability:
      return std::make_unique<UnitTerm>(context);
    case TermKind::product:
      return std::make_unique<ProductTerm>(context);
    case TermKind::direction:
    case TermKind::tensor_direction:
      return std::make_unique<DirectionTerm>(context);
    case TermKind::layer:
      return std::make_unique<LayerTerm>(context);
    case TermKind::diversity:
      return std::make_unique<DiversityTerm>(context);
    case TermKind::alignment:
      return std::make_unique<AlignmentTerm>(context);
    case TermKind::caricature:
    case TermKind::inversion:
      return std::make_unique<ReferenceTerm>(context);
    case TermKind::style:
      return std::make_unique<StyleTerm>(context);
    case TermKind::penalty:
      return std::make_unique<PenaltyTerm>(context);
  }
  fail_internal(context.term.place, "a term of no kind");
}

}  // namespace

ObjectivePart::ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const Config& config, int64_t n,
                             const ImageValues& image, ReferencePhotos* references, const NeededChannels& reads) {
  std::vector<ValueId> values;
  for (size_t i = 0; i < config.objective.size(); ++i) {
    terms_.push_back(
        make_term({graph, network, model, config, config.objective[i], i, n, config.images, image, references, reads}));
    values.push_back(terms_.back()->value());
  }
  value_ = append_sum(graph, std::move(values), "objective");
}

ObjectivePart::~ObjectivePart() = default;

void ObjectivePart::write(States& states, const std::vector<BatchImage>& slots) const {
  for (const auto& term : terms_) term->write(&states, slots);
}

void ObjectivePart::check(const std::vector<BatchImage>& slots) const {
  for (const auto& term : terms_) term->write(nullptr, slots);
}

}  // namespace phosphene
