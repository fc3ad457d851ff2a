#include "experiment/step_graph.h"

#include <algorithm>
#include <array>

#include "layers/network/add.h"
#include "layers/objective/direction_objective.h"
#include "layers/objective/penalty.h"
#include "layers/objective/unit_objective.h"
#include "layers/optimiser/record.h"
#include "layers/transform/warp.h"
#include "loaders/safetensors.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// 1 / the number of images that the term's mean runs over; a class logit is a sum, a penalty each image's own.
float weight_of(const Slot& slot, const Term& term) {
  const bool applies =
      term.images.empty() || std::find(term.images.begin(), term.images.end(), slot.image) != term.images.end();
  if (!applies) return 0;
  if (term.kind == TermKind::class_logit || term.kind == TermKind::penalty) return static_cast<float>(term.weight);
  const auto images = term.images.empty() ? slot.config->images : static_cast<int64_t>(term.images.size());
  return static_cast<float>(term.weight / static_cast<double>(images));
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

UnitRow unit_row(const Model& model, const Slot& slot, const Term& term, const Shape& shape) {
  int64_t unit = 0;
  try {
    unit = term.unit ? *term.unit : model.class_index(term.label);
  } catch (const Error& error) {
    throw Error(error.blame(), term.place, error.what());
  }
  if (unit >= shape.c) {
    fail(term.place, "unit {} does not exist: '{}' has {} channels, 0 to {}", unit,
         term.layer.empty() ? model.logits() : term.layer, shape.c, shape.c - 1);
  }
  UnitRow row;
  row.unit = static_cast<int32_t>(unit);
  row.weight = weight_of(slot, term);
  if (term.kind == TermKind::neuron) std::tie(row.row, row.column) = position_of(term, shape);
  return row;
}

std::vector<float> vector_of(const Slot& slot, const Term& term, const Shape& shape) {
  std::vector<float> vector = term.vector;
  if (!term.vector_file.empty()) {
    const size_t hash = term.vector_file.rfind('#');
    vector = Safetensors::open(resolve_path(*slot.config, term.vector_file.substr(0, hash)))
                 .tensor(term.vector_file.substr(hash + 1))
                 .data;
  }
  if (static_cast<int64_t>(vector.size()) != shape.c) {
    fail(term.place, "a direction of {} numbers for '{}', which has {} channels", vector.size(), term.layer, shape.c);
  }
  return vector;
}

DirectionRow direction_row(const Slot& slot, const Term& term, const Shape& shape, size_t index) {
  DirectionRow row;
  row.vector = static_cast<int32_t>(index);
  row.power = term.power;
  row.weight = weight_of(slot, term);
  if (!term.whole_map) std::tie(row.row, row.column) = position_of(term, shape);
  return row;
}

PenaltyRow penalty_row(const Slot& slot, const Term& term) {
  return {weight_of(slot, term), static_cast<float>(term.constant)};
}

ValueId activation_of(ModelGraph& network, const Model& model, const Term& term) {
  try {
    return network.value(term.kind == TermKind::class_logit ? model.logits() : term.layer);
  } catch (const Error& error) {
    throw Error(error.blame(), term.place, error.what());
  }
}

}  // namespace

ObjectivePart::ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const std::vector<Term>& terms,
                             int64_t n, ValueId image)
    : model_(model) {
  std::vector<ValueId> values;
  for (size_t i = 0; i < terms.size(); ++i) {
    const Term& term = terms[i];
    Part part;
    const bool penalty = term.kind == TermKind::penalty;
    if (penalty && image == kNoValue) fail(term.place, "there is no image here that a penalty could read");
    part.activation = penalty ? image : activation_of(network, model, term);
    part.shape = graph.shape(part.activation);
    part.rows = fmt::format("objective {} rows", i);
    const std::string name = fmt::format("objective {}", i);
    if (penalty) {
      values.push_back(graph
                           .append_all(std::make_shared<Penalty>(term.penalty),
                                       {part.activation, graph.state(part.rows, penalty_rows(n))}, name)
                           .front());
    } else if (term.kind == TermKind::direction) {
      part.vectors = fmt::format("objective {} vectors", i);
      values.push_back(graph.append(std::make_shared<DirectionObjective>(),
                                    {part.activation, graph.state(part.rows, direction_rows(n)),
                                     graph.state(part.vectors, direction_vectors(n, part.shape.c))},
                                    name));
    } else {
      values.push_back(graph.append(std::make_shared<UnitObjective>(),
                                    {part.activation, graph.state(part.rows, unit_rows(n))}, name));
    }
    parts_.push_back(std::move(part));
  }
  value_ = append_sum(graph, std::move(values), "objective");
}

void ObjectivePart::check(const std::vector<Slot>& slots) const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    for (const Slot& slot : slots) {
      const Term& term = slot.config->objective.at(i);
      if (term.kind == TermKind::penalty) continue;
      if (term.kind == TermKind::direction) {
        (void)vector_of(slot, term, parts_[i].shape);
        (void)direction_row(slot, term, parts_[i].shape, 0);
      } else {
        (void)unit_row(model_, slot, term, parts_[i].shape);
      }
    }
  }
}

void ObjectivePart::write(States& states, const std::vector<Slot>& slots) const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    std::vector<UnitRow> units;
    std::vector<PenaltyRow> penalties;
    std::vector<DirectionRow> directions;
    std::vector<float> vectors;
    for (size_t s = 0; s < slots.size(); ++s) {
      const Term& term = slots[s].config->objective.at(i);
      if (term.kind == TermKind::direction) {
        const std::vector<float> vector = vector_of(slots[s], term, part.shape);
        vectors.insert(vectors.end(), vector.begin(), vector.end());
        directions.push_back(direction_row(slots[s], term, part.shape, s));
      } else if (term.kind == TermKind::penalty) {
        penalties.push_back(penalty_row(slots[s], term));
      } else {
        units.push_back(unit_row(model_, slots[s], term, part.shape));
      }
    }
    if (!penalties.empty()) {
      states.write(part.rows, penalties);
    } else if (part.vectors.empty()) {
      states.write(part.rows, units);
    } else {
      states.write(part.rows, directions);
      states.write(part.vectors, vectors);
    }
  }
}

StepProgram::StepProgram(const Model& model, const Config& config, int64_t n, Backend& backend)
    : config_(config),
      n_(n),
      image_{n, model.channels, config.height > 0 ? config.height : model.height,
             config.width > 0 ? config.width : model.width},
      image_part_(config, image_),
      states_(std::make_unique<States>(backend)) {
  Graph graph;
  const ValueId image = image_part_.append(graph);
  const ValueId matrices = append_transforms(graph);
  const Preprocessing& preprocessing = model.preprocessing;
  const ValueId input =
      graph.append(std::make_shared<Warp>(image_.h, image_.w, config.transforms.list.outside, preprocessing.scale,
                                          preprocessing.mean, preprocessing.order),
                   {image, matrices}, "warp");
  ModelGraph network(model, graph, input);
  objective_ = std::make_unique<ObjectivePart>(graph, network, model, config.objective, n, image);
  append_update(graph);
  program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{}, backend, *states_);

  Graph image_graph;
  image_only_ = image_part_.append(image_graph);
  image_program_ =
      std::make_unique<Program>(std::move(image_graph), std::vector<ValueId>{image_only_}, backend, *states_);
}

// Gradients, the record of the step's values, and the optimiser.
void StepProgram::append_update(Graph& graph) const {
  const ValueId step = graph.state(kStepState, step_number());
  const ValueId latch = graph.state(kLatchState, latches(n_));
  std::vector<ValueId> parameters;
  for (const ImageParameter& parameter : image_part_.parameters())
    parameters.push_back(graph.state(parameter.name, parameter.info));
  const std::vector<ValueId> gradients = differentiate(graph, parameters);
  append_record(graph, objective_->value(), step, graph.state(kHistoryState, value_history(config_.steps, n_)), latch);
  ValueId latch_of_groups = kNoValue;
  std::vector<Ascent> ascents;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (gradients[i] == kNoValue) fail_internal("objective", "nothing depends on the image");
    const bool of_group = image_part_.parameters()[i].of_group;
    if (of_group && latch_of_groups == kNoValue)
      latch_of_groups = append_group_latch(graph, latch, n_ / config_.images);
    ascents.push_back({parameters[i], gradients[i], of_group ? latch_of_groups : latch});
  }
  append_ascent(graph, config_.optimiser, ascents, step);
  append_advance(graph, step);
}

ValueId StepProgram::append_transforms(Graph& graph) const {
  const Transforms& transforms = config_.transforms;
  const ValueId step = graph.state(kStepState, step_number());
  if (!transforms.replay.empty()) {
    const Safetensors file = Safetensors::open(resolve_path(config_, transforms.replay));
    const std::vector<int64_t>& shape = file.entry("matrices").shape;
    return append_transform_replay(graph, file.doubles("matrices"), shape.size() == 4 ? shape[1] : 1, n_, step);
  }
  TransformList list = transforms.list;
  if (!transforms.preset.empty()) {
    list = transform_preset(transforms.preset, image_.h, image_.w);
    list.shared = transforms.list.shared;
  }
  return append_transform_draw(graph, list, graph.state(kKeysState, draw_keys(n_)), step, image_.h, image_.w, image_.h,
                               image_.w);
}

void StepProgram::start(const std::vector<Slot>& some) {
  std::vector<Slot> slots = some;
  if (slots.empty() || static_cast<int64_t>(slots.size()) > n_)
    fail_internal("batch", "{} images for a program of {}", slots.size(), n_);
  slots.resize(static_cast<size_t>(n_), slots.back());
  objective_->write(*states_, slots);
  if (states_->contains(kKeysState)) {
    std::vector<DrawKey> keys;
    for (const Slot& slot : slots) keys.push_back(slot.key());
    states_->write(kKeysState, keys);
  }
  image_part_.write_start(*states_, slots);
  const auto zero = [this](const std::string& name) {
    if (states_->contains(name))
      states_->write(name, std::vector<std::byte>(static_cast<size_t>(states_->info(name).bytes())));
  };
  for (const char* name : {kStepState, kLatchState, kHistoryState}) zero(name);
  for (const ImageParameter& parameter : image_part_.parameters()) {
    zero(parameter.name + "/m");
    zero(parameter.name + "/v");
  }
}

std::vector<float> StepProgram::first_moments() const {
  std::vector<float> moments;
  for (const ImageParameter& parameter : image_part_.parameters()) {
    const std::vector<float> moment = states_->read<float>(parameter.name + "/m");
    moments.insert(moments.end(), moment.begin(), moment.end());
  }
  return moments;
}

bool StepProgram::moves(int64_t image) const {
  for (const ImageParameter& parameter : image_part_.parameters()) {
    const int64_t owners = parameter.of_group ? n_ / config_.images : n_;
    const int64_t owner = parameter.of_group ? image / config_.images : image;
    std::vector<float> moment(static_cast<size_t>(parameter.info.shape.elements() / owners));
    states_->read_part(parameter.name + "/m", owner * std::ssize(moment) * static_cast<int64_t>(sizeof(float)),
                       std::as_writable_bytes(std::span<float>(moment)));
    if (std::any_of(moment.begin(), moment.end(), [](float m) { return m != 0; })) return true;
  }
  return false;
}

HostTensor StepProgram::images() {
  image_program_->run();
  return image_program_->read_nchw(image_only_);
}

}  // namespace phosphene
