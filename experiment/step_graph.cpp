#include "experiment/step_graph.h"

#include <algorithm>
#include <array>

#include "layers/image/colour.h"
#include "layers/image/pixel_image.h"
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

ValueId sum(Graph& graph, std::vector<ValueId> values) {
  constexpr auto kFan = static_cast<ptrdiff_t>(kAccumulateSources);
  while (values.size() > 1) {
    const ptrdiff_t count = std::min(kFan, std::ssize(values));
    const std::vector<ValueId> first(values.begin(), values.begin() + count);
    values.erase(values.begin(), values.begin() + count);
    values.push_back(graph.append(std::make_shared<Add>(), first, "objective"));
  }
  return values.front();
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
  value_ = sum(graph, std::move(values));
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
    : model_(model), config_(config), n_(n), states_(std::make_unique<States>(backend)) {
  image_ = {n, model.channels, config.height > 0 ? config.height : model.height,
            config.width > 0 ? config.width : model.width};
  Graph graph;
  const ValueId image = append_image(graph);
  const ValueId matrices = append_transforms(graph);
  const Preprocessing& preprocessing = model.preprocessing;
  const ValueId input =
      graph.append(std::make_shared<Warp>(image_.h, image_.w, config.transforms.list.outside, preprocessing.scale,
                                          preprocessing.mean, preprocessing.order),
                   {image, matrices}, "warp");
  ModelGraph network(model, graph, input);
  objective_ = std::make_unique<ObjectivePart>(graph, network, model, config.objective, n, image);

  const ValueId step = graph.state(kStepState, step_number());
  const ValueId latch = graph.state(kLatchState, latches(n));
  const ValueId parameter[] = {graph.state(kParameterState, parameter_info())};
  gradient_ = differentiate(graph, parameter)[0];
  if (gradient_ == kNoValue) fail_internal("objective", "nothing depends on the image");
  append_record(graph, objective_->value(), step, graph.state(kHistoryState, value_history(config.steps, n)), latch);
  const Ascent ascent[] = {{parameter[0], gradient_, latch}};
  append_ascent(graph, config.optimiser, ascent, step);
  append_advance(graph, step);
  program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{}, backend, *states_);

  Graph image_graph;
  image_only_ = append_image(image_graph);
  image_program_ =
      std::make_unique<Program>(std::move(image_graph), std::vector<ValueId>{image_only_}, backend, *states_);
}

FourierParameterization StepProgram::fourier() const { return {n_, image_.c, image_.h, image_.w, config_.decay_power}; }

TensorInfo StepProgram::parameter_info() const {
  if (config_.parameterization == Parameterization::fourier) return fourier().spectrum();
  return {image_, Layout::planar, DType::f32};
}

ValueId StepProgram::append_image(Graph& graph) const {
  const bool decorrelated =
      config_.colour == ColourSpace::automatic ? image_.c == 3 : config_.colour == ColourSpace::decorrelated;
  ValueId before_colour = kNoValue;
  if (config_.parameterization == Parameterization::fourier) {
    before_colour = append_fourier_image(graph, fourier(), graph.state(kParameterState, parameter_info()));
  } else {
    before_colour = graph.state(kParameterState, parameter_info());
  }
  return graph.append(std::make_shared<Colour>(decorrelated), {before_colour}, "colour");
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
  write_start(slots);
  const auto zero = [this](const std::string& name) {
    if (states_->contains(name))
      states_->write(name, std::vector<std::byte>(static_cast<size_t>(states_->info(name).bytes())));
  };
  for (const std::string& name : {std::string(kStepState), std::string(kLatchState), std::string(kHistoryState),
                                  std::string(kParameterState) + "/m", std::string(kParameterState) + "/v"}) {
    zero(name);
  }
}

void StepProgram::write_start(const std::vector<Slot>& slots) {
  std::vector<DrawKey> keys;
  for (const Slot& slot : slots) keys.push_back({slot.config->seed, slot.job, static_cast<uint32_t>(slot.image)});
  if (states_->contains(kKeysState)) states_->write(kKeysState, keys);
  const bool spectral = config_.parameterization == Parameterization::fourier;
  if (config_.initial.empty()) {
    states_->write(kParameterState,
                   spectral ? initial_spectrum(fourier(), keys, config_.sd) : initial_pixels(image_, keys, config_.sd));
  } else {
    states_->write(kParameterState, read_start(slots, spectral));
  }
}

// The start from a file: `re` and `im`, or `pixels`, for one image or for each of a job's.
std::vector<float> StepProgram::read_start(const std::vector<Slot>& slots, bool spectral) const {
  const std::string path = resolve_path(config_, config_.initial);
  const Safetensors file = Safetensors::open(path);
  const std::vector<std::string> names =
      spectral ? std::vector<std::string>{"re", "im"} : std::vector<std::string>{"pixels"};
  const int64_t planes = image_.c;
  const int64_t plane = image_.h * (spectral ? fourier().columns() : image_.w);
  std::vector<HostTensor> parts;
  for (const std::string& name : names) {
    parts.push_back(file.tensor(name));
    const int64_t images = parts.back().elements() / (planes * plane);
    if (parts.back().elements() != images * planes * plane || (images != 1 && images != config_.images)) {
      fail(path, "'{}' has shape [{}]; {} x {} numbers for each image are meant", name,
           fmt::join(parts.back().dims, ", "), planes, plane);
    }
  }
  std::vector<float> start;
  for (const Slot& slot : slots) {
    for (int64_t p = 0; p < planes; ++p) {
      for (const HostTensor& part : parts) {
        const int64_t image = part.elements() == planes * plane ? 0 : slot.image;
        const auto first = part.data.begin() + (image * planes + p) * plane;
        start.insert(start.end(), first, first + plane);
      }
    }
  }
  return start;
}

HostTensor StepProgram::images() {
  image_program_->run();
  return image_program_->read_nchw(image_only_);
}

}  // namespace phosphene
