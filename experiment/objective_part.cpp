#include "experiment/objective_part.h"

#include <algorithm>

#include "layers/image/normal_draws.h"
#include "layers/network/add.h"
#include "layers/network/softmax.h"
#include "layers/objective/alignment.h"
#include "layers/objective/direction_objective.h"
#include "layers/objective/diversity.h"
#include "layers/objective/layer_objective.h"
#include "layers/objective/penalty.h"
#include "layers/objective/reference_objective.h"
#include "layers/objective/unit_objective.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

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
  virtual void write(States* states, const std::vector<Slot>& slots) const = 0;
};

namespace {

// What a term is built from.
struct TermContext {
  Graph& graph;
  ModelGraph& network;
  const Model& model;
  const Term& term;
  size_t index;  // within the objective
  int64_t n, group;
  ImageValues image;
  References* references;

  [[nodiscard]] std::string name() const { return fmt::format("objective {}", index); }
  [[nodiscard]] ValueId layer() const {
    try {
      return network.value(term.of_a_class() ? model.logits() : term.layer);
    } catch (const Error& error) {
      throw Error(error.blame(), term.place, error.what());
    }
  }
};

// The term's weight for one image: over the images that its mean runs over.
float weight_of(const Slot& slot, const Term& term) {
  const bool applies =
      term.images.empty() || std::find(term.images.begin(), term.images.end(), slot.image) != term.images.end();
  if (!applies) return 0;
  const auto images = static_cast<double>(term.images.empty() ? slot.config->images : std::ssize(term.images));
  if (term.ramp != Ramp::none) {
    const double along = static_cast<double>(slot.image) / (images - 1);
    return static_cast<float>(term.weight * (term.ramp == Ramp::rising ? along : 1 - along));
  }
  const bool sums = term.of_a_class() || term.kind == TermKind::penalty || term.kind == TermKind::alignment ||
                    !term.photo.empty() || (term.kind == TermKind::diversity && !term.per_image);
  return static_cast<float>(sums ? term.weight : term.weight / images);
}

// The position a term reads, checked; the centre by default.
std::pair<int32_t, int32_t> position_of(const Term& term, const Shape& shape) {
  const int64_t row = term.row.value_or(shape.h / 2), column = term.column.value_or(shape.w / 2);
  if (row >= shape.h || column >= shape.w) {
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
  void write(States* states, const std::vector<Slot>& slots) const override {
    std::vector<Row> rows;
    for (const Slot& slot : slots) rows.push_back(row(slot, slot.config->objective.at(index_)));
    if (states != nullptr) states->write(rows_, rows);
  }

 protected:
  [[nodiscard]] virtual Row row(const Slot& slot, const Term& term) const = 0;
  [[nodiscard]] ValueId table(Graph& graph, const TensorInfo& info) const { return graph.state(rows_, info); }

  size_t index_;
  ValueId value_ = kNoValue;

 private:
  std::string rows_;  // the table's state
};

// A channel, neuron, class logit or probability.
class UnitTerm final : public TabulatedTerm<UnitRow> {
 public:
  explicit UnitTerm(const TermContext& context) : TabulatedTerm(context), model_(context.model) {
    ValueId activation = context.layer();
    if (context.term.kind == TermKind::probability)
      activation = context.graph.append(std::make_shared<Softmax>(), {activation}, context.name() + " probabilities");
    shape_ = context.graph.shape(activation);
    value_ = context.graph.append(std::make_shared<UnitObjective>(),
                                  {activation, table(context.graph, unit_rows(context.n))}, context.name());
  }

 private:
  [[nodiscard]] UnitRow row(const Slot& slot, const Term& term) const override {
    int64_t unit = 0;
    try {
      unit = term.unit ? *term.unit : model_.class_index(term.label);
    } catch (const Error& error) {
      throw Error(error.blame(), term.place, error.what());
    }
    if (unit >= shape_.c) {
      fail(term.place, "unit {} does not exist: '{}' has {} channels, 0 to {}", unit,
           term.layer.empty() ? model_.logits() : term.layer, shape_.c, shape_.c - 1);
    }
    UnitRow row;
    row.unit = static_cast<int32_t>(unit);
    row.weight = weight_of(slot, term);
    if (term.kind == TermKind::neuron) std::tie(row.row, row.column) = position_of(term, shape_);
    return row;
  }

  const Model& model_;
  Shape shape_;
};

class DirectionTerm final : public ObjectiveTerm {
 public:
  explicit DirectionTerm(const TermContext& context)
      : index_(context.index), rows_(context.name() + " rows"), vectors_(context.name() + " vectors") {
    const ValueId activation = context.layer();
    shape_ = context.graph.shape(activation);
    value_ = context.graph.append(std::make_shared<DirectionObjective>(),
                                  {activation, context.graph.state(rows_, direction_rows(context.n)),
                                   context.graph.state(vectors_, direction_vectors(context.n, shape_.c))},
                                  context.name());
  }

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<Slot>& slots) const override {
    std::vector<DirectionRow> rows;
    std::vector<float> vectors;
    for (const Slot& slot : slots) {
      const Term& term = slot.config->objective.at(index_);
      const std::vector<float> vector = vector_of(slot, term);
      DirectionRow row;
      row.vector = static_cast<int32_t>(rows.size());
      row.power = term.power;
      row.weight = weight_of(slot, term);
      if (!term.whole_map) std::tie(row.row, row.column) = position_of(term, shape_);
      rows.push_back(row);
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
    if (states == nullptr) return;
    states->write(rows_, rows);
    states->write(vectors_, vectors);
  }

 private:
  [[nodiscard]] std::vector<float> vector_of(const Slot& slot, const Term& term) const {
    std::vector<float> vector = term.vector;
    if (!term.vector_file.empty()) {
      const size_t hash = term.vector_file.rfind('#');
      vector = Safetensors::open(resolve_path(*slot.config, term.vector_file.substr(0, hash)))
                   .tensor(term.vector_file.substr(hash + 1))
                   .data;
    } else if (term.vector_seed) {
      vector.resize(static_cast<size_t>(shape_.c));
      draw_normal({*term.vector_seed, 0, 0}, DrawPurpose::direction, 1, vector);
    }
    if (std::ssize(vector) != shape_.c) {
      fail(term.place, "a direction of {} numbers for '{}', which has {} channels", vector.size(), term.layer,
           shape_.c);
    }
    return vector;
  }

  size_t index_;
  std::string rows_, vectors_;  // states
  Shape shape_;
  ValueId value_ = kNoValue;
};

class LayerTerm final : public TabulatedTerm<LayerRow> {
 public:
  explicit LayerTerm(const TermContext& context) : TabulatedTerm(context) {
    value_ = context.graph.append(std::make_shared<LayerObjective>(),
                                  {context.layer(), table(context.graph, layer_rows(context.n))}, context.name());
  }

 private:
  [[nodiscard]] LayerRow row(const Slot& slot, const Term& term) const override { return {weight_of(slot, term)}; }
};

class AlignmentTerm final : public TabulatedTerm<AlignmentRow> {
 public:
  explicit AlignmentTerm(const TermContext& context) : TabulatedTerm(context) {
    value_ = context.graph.append(std::make_shared<Alignment>(context.group),
                                  {context.layer(), table(context.graph, alignment_rows(context.n))}, context.name());
  }

 private:
  [[nodiscard]] AlignmentRow row(const Slot& slot, const Term& term) const override {
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
  [[nodiscard]] DiversityRow row(const Slot& slot, const Term& term) const override { return {weight_of(slot, term)}; }
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
  [[nodiscard]] ReferenceRow row(const Slot& slot, const Term& term) const override {
    return {weight_of(slot, term), term.power};
  }
};

class PenaltyTerm final : public TabulatedTerm<PenaltyRow> {
 public:
  explicit PenaltyTerm(const TermContext& context) : TabulatedTerm(context) {
    const ValueId image = context.term.of_alpha ? context.image.alpha : context.image.picture;
    if (image == kNoValue) fail(context.term.place, "there is no image here that a penalty could read");
    const Shape& shape = context.graph.shape(image);
    if (context.term.of_alpha) share_ = 1.0 / static_cast<double>(shape.h * shape.w);
    value_ = context.graph
                 .append_all(std::make_shared<Penalty>(context.term.penalty),
                             {image, table(context.graph, penalty_rows(context.n))}, context.name())
                 .front();
  }

 private:
  [[nodiscard]] PenaltyRow row(const Slot& slot, const Term& term) const override {
    return {static_cast<float>(share_ * static_cast<double>(weight_of(slot, term))), static_cast<float>(term.constant)};
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
    case TermKind::direction:
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
    case TermKind::penalty:
      return std::make_unique<PenaltyTerm>(context);
  }
  fail_internal(context.term.place, "a term of no kind");
}

}  // namespace

ObjectivePart::ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const Config& config, int64_t n,
                             const ImageValues& image, References* references) {
  std::vector<ValueId> values;
  for (size_t i = 0; i < config.objective.size(); ++i) {
    terms_.push_back(make_term({graph, network, model, config.objective[i], i, n, config.images, image, references}));
    values.push_back(terms_.back()->value());
  }
  value_ = append_sum(graph, std::move(values), "objective");
}

ObjectivePart::~ObjectivePart() = default;

void ObjectivePart::write(States& states, const std::vector<Slot>& slots) const {
  for (const auto& term : terms_) term->write(&states, slots);
}

void ObjectivePart::check(const std::vector<Slot>& slots) const {
  for (const auto& term : terms_) term->write(nullptr, slots);
}

}  // namespace phosphene
