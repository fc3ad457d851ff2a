#include "experiment/step/step_program.h"

#include <algorithm>
#include <array>
#include <utility>

#include "experiment/image/start_pictures.h"
#include "layers/optimiser/objective_history.h"
#include "layers/transform/warp.h"
#include "loaders/model/model_graph.h"
#include "loaders/safetensors.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {

namespace {

// A rule for what the network does not have would silently do nothing.
void check_gradient_rules(const Config& config, const Model& model) {
  const std::string place = config.file + ": /gradients/";
  if (config.gradients.relu != ReluGradient::plain && !model.has_relu())
    fail(place + "relu", "{} has no ReLU", model.name);
  if (config.gradients.smooth_max_pooling && !model.has_max_pooling())
    fail(place + "max_pooling", "{} has no max pooling", model.name);
}

}  // namespace

StepProgram::StepProgram(const Model& model, const Config& config, int64_t n, Backend& backend)
    : config_(config),
      n_(n),
      image_{n, model.channels, config.height > 0 ? config.height : model.height,
             config.width > 0 ? config.width : model.width},
      image_part_(config, image_, model, backend),
      states_(std::make_unique<States>(backend)) {
  int64_t parameters = 0;
  for (const ImageParameter& parameter : image_part_.parameters()) parameters += parameter.info.bytes();
  require_memory(backend, 2 * parameters);  // with their gradients, before tables of their size are computed
  ProgramOptions later;
  later.take_memory = false;
  Graph graph;
  const ImageValues image = image_part_.append(graph);
  const ValueId seen = append_seen(graph, image);
  const ValueId matrices = append_transforms(graph);
  const Preprocessing& preprocessing = model.preprocessing;
  const auto warp = std::make_shared<Warp>(image_.h, image_.w, config.transforms.list.outside, preprocessing.scale,
                                           preprocessing.mean, preprocessing.order, config.precision);
  const ValueId input = graph.append(warp, {seen, matrices}, "warp");
  check_gradient_rules(config, model);
  ModelGraph network(model, graph, input, config.gradients);
  ReferencePhotos references(graph, model, config, image_, [&](ValueId photograph) {
    return graph.append(warp, {photograph, matrices}, "warp of a photograph");
  });
  objective_ = std::make_unique<ObjectivePart>(graph, network, model, config, n, image, &references,
                                               needed_channels(model, config.objective));
  append_update(graph);
  photographs_ = references.files();
  program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{}, backend, *states_, later);

  Graph image_graph;
  image_only_ = image_part_.append_shown(image_graph, image_part_.append(image_graph));
  image_program_ =
      std::make_unique<Program>(std::move(image_graph), std::vector<ValueId>{image_only_}, backend, *states_, later);
  model.let_go_of_pages();  // the backend has the weights as it wants them
}

void StepProgram::take_memory() {
  if (std::exchange(has_memory_, true)) return;
  require_memory(states_->backend(), bytes_to_take() + bytes_to_show());
  states_->take_memory();
  program_->take_memory();
  image_program_->take_memory();
  write_photographs(photographs_, image_, *states_);
}

// Gradients, the record of the step's values, and the optimiser.
void StepProgram::append_update(Graph& graph) const {
  const ValueId step = graph.state(kStepState, step_number());
  const ValueId stopped_at = graph.state(kStoppedAtState, stopped_at_rows(n_));
  std::vector<ValueId> parameters;
  for (const ImageParameter& parameter : image_part_.parameters())
    parameters.push_back(graph.state(parameter.name, parameter.info));
  const std::vector<ValueId> gradients = differentiate(graph, parameters);
  append_record(graph, objective_->value(), step,
                graph.state(kHistoryState, value_history(config_.optimisation_steps, n_)), stopped_at);
  ValueId stopped_at_of_groups = kNoValue;
  std::vector<ParameterUpdate> ascents;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (gradients[i] == kNoValue) fail_internal("objective", "nothing depends on the image");
    const bool of_group = image_part_.parameters()[i].of_group;
    if (of_group && stopped_at_of_groups == kNoValue)
      stopped_at_of_groups = append_group_stopped_at(graph, stopped_at, n_ / config_.images);
    ascents.push_back({parameters[i], gradients[i], of_group ? stopped_at_of_groups : stopped_at});
  }
  append_ascent(graph, config_.optimiser, ascents, step);
  image_part_.append_bounds(graph, stopped_at);
  append_advance(graph, step);
}

ValueId StepProgram::append_seen(Graph& graph, const ImageValues& image) const {
  if (!config_.transparency) return image.picture;
  return image_part_.append_seen(graph, image, graph.state(kKeysState, draw_keys(n_)),
                                 graph.state(kStepState, step_number()));
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

void StepProgram::start(const std::vector<BatchImage>& some, const PhaseEnd* before) {
  std::vector<BatchImage> slots = some;
  if (slots.empty() || static_cast<int64_t>(slots.size()) > n_)
    fail_internal("batch", "{} images for a program of {}", slots.size(), n_);
  const auto group = static_cast<size_t>(config_.images);
  if (slots.size() % group != 0) fail_internal("batch", "{} images of groups of {}", slots.size(), group);
  while (std::ssize(slots) < n_) slots.push_back(slots[slots.size() - group]);
  take_memory();
  objective_->write(*states_, slots);
  if (states_->contains(kKeysState)) {
    std::vector<DrawKey> keys;
    for (const BatchImage& slot : slots) keys.push_back(slot.key());
    states_->write(kKeysState, keys);
  }
  if (config_.carry_over == CarryOver::parameters || config_.carry_over == CarryOver::optimisation) {
    copy(image_part_.states(), *before);
  } else {
    start_image(slots, before);
  }
  if (config_.carry_over == CarryOver::optimisation) {
    copy(optimiser_states(), *before);
  } else {
    for (const std::string& name : optimiser_states())
      states_->write(name, std::vector<std::byte>(static_cast<size_t>(states_->info(name).bytes())));
  }
}

void StepProgram::start_image(const std::vector<BatchImage>& slots, const PhaseEnd* before) {
  if (!config_.changes_a_picture()) return image_part_.write_start(*states_, slots);
  const HostTensor pictures =
      start_pictures(config_, image_, config_.carry_over == CarryOver::picture ? &before->pictures : nullptr);
  image_part_.write_start(*states_, slots, &pictures);
}

std::vector<std::string> StepProgram::optimiser_states() const {
  std::vector<std::string> names = {kStepState, kStoppedAtState, kHistoryState};
  for (const ImageParameter& parameter : image_part_.parameters()) {
    names.push_back(parameter.name + "/m");
    names.push_back(parameter.name + "/v");
  }
  std::erase_if(names, [this](const std::string& name) { return !states_->contains(name); });
  return names;
}

void StepProgram::copy(const std::vector<std::string>& names, const PhaseEnd& before) {
  for (const std::string& name : names) states_->write(name, before.states.at(name));
}

PhaseEnd StepProgram::end() {
  PhaseEnd end;
  for (const std::string& name : states_->names()) end.states[name] = states_->read<std::byte>(name);
  end.pictures = images();
  return end;
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

std::unique_ptr<Transfer> StepProgram::start_images() {
  image_program_->run();
  return image_program_->start_read(image_only_);
}

std::string StepProgram::first_not_finite(size_t slot, int64_t step) {
  const auto now = states_->read<int64_t>(kStepState);
  states_->write(kStepState, std::vector<int64_t>{step});
  std::string layer = program_->first_not_finite(static_cast<int64_t>(slot));
  states_->write(kStepState, now);
  return layer;
}

}  // namespace phosphene
