#include "experiment/step/step_program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "experiment/image/start_pictures.h"
#include "layers/optimiser/objective_history.h"
#include "layers/transform/noise.h"
#include "layers/transform/warp.h"
#include "loaders/model/model_graph.h"
#include "loaders/safetensors.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/overflow.h"

namespace phosphene {

namespace {

// A rule for a layer kind that the network lacks would silently do nothing.
void check_gradient_rules(const Settings& settings, const Model& model) {
  const std::string place = settings.image.file + ": /gradients/";
  if (settings.gradients.relu != ReluGradient::plain && !model.has_relu())
    fail(place + "relu", "{} has no ReLU", model.name);
  if (settings.gradients.smooth_max_pooling && !model.has_max_pooling())
    fail(place + "max_pooling", "{} has no max pooling", model.name);
}

}  // namespace

StepProgram::StepProgram(const Model& model, const Settings& settings, int64_t n, Backend& backend)
    : settings_(settings),
      n_(n),
      image_(input_shape(model, settings.image, n)),
      image_part_(settings.image, image_, model, backend),
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
  const auto warp = std::make_shared<Warp>(image_.h, image_.w, settings.transforms.list.outside, preprocessing.scale,
                                           preprocessing.mean, preprocessing.order, settings.precision);
  const ValueId input = append_noise(graph, graph.append(warp, {seen, matrices}, "warp"), preprocessing.scale);
  check_gradient_rules(settings, model);
  ModelGraph network(model, graph, input, settings.gradients);
  ReferencePhotos references(graph, model, image_, [&](ValueId photograph) {
    return graph.append(warp, {photograph, matrices}, "warp of a photograph");
  });
  objective_ = std::make_unique<ObjectivePart>(graph, network, model, settings.objective, settings.image, image_, image,
                                               &references, needed_channels(model, settings.objective));
  append_update(graph, input);
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
void StepProgram::append_update(Graph& graph, ValueId input) {
  const ValueId step = graph.state(kStepState, step_number());
  const ValueId stopped_at = graph.state(kStoppedAtState, stopped_at_rows(n_));
  std::vector<ValueId> parameters;
  for (const ImageParameter& parameter : image_part_.parameters())
    parameters.push_back(graph.state(parameter.name, parameter.info));
  std::vector<ValueId> wanted = parameters;
  wanted.push_back(input);
  const std::vector<ValueId> gradients = differentiate(graph, wanted);
  input_gradient_ = gradients.back();
  append_record(graph, objective_->value(), step,
                graph.state(kHistoryState, value_history(settings_.optimisation_steps, n_)), stopped_at);
  ValueId stopped_at_of_groups = kNoValue;
  std::vector<ParameterUpdate> ascents;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (gradients[i] == kNoValue) fail_internal("objective", "nothing depends on the image");
    const bool of_group = image_part_.parameters()[i].of_group;
    if (of_group && stopped_at_of_groups == kNoValue)
      stopped_at_of_groups = append_group_stopped_at(graph, stopped_at, n_ / settings_.image.images);
    ascents.push_back({parameters[i], gradients[i], of_group ? stopped_at_of_groups : stopped_at});
  }
  append_ascent(graph, settings_.optimiser, ascents, step);
  image_part_.append_bounds(graph, stopped_at);
  append_advance(graph, step);
}

ValueId StepProgram::append_seen(Graph& graph, const ImageValues& image) const {
  if (!settings_.image.transparency) return image.picture;
  return image_part_.append_seen(graph, image, graph.state(kKeysState, draw_keys(n_)),
                                 graph.state(kStepState, step_number()));
}

ValueId StepProgram::append_transforms(Graph& graph) const {
  const Transforms& transforms = settings_.transforms;
  const ValueId step = graph.state(kStepState, step_number());
  if (!transforms.replay.empty()) {
    const Safetensors file = Safetensors::open(transforms.replay.path());
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

ValueId StepProgram::append_noise(Graph& graph, ValueId view, const std::vector<float>& scale) const {
  if (!(settings_.transforms.noise > 0)) return view;
  std::vector<float> deviation;
  for (const float of_channel : scale)
    deviation.push_back(static_cast<float>(settings_.transforms.noise) * std::abs(of_channel));
  return graph.append(std::make_shared<Noise>(std::move(deviation)),
                      {view, graph.state(kKeysState, draw_keys(n_)), graph.state(kStepState, step_number())}, "noise");
}

// What follows from the settings; returns the images, as many as the program has.
std::vector<BatchImage> StepProgram::write_tables(const std::vector<BatchImage>& some) {
  std::vector<BatchImage> images = some;
  if (images.empty() || static_cast<int64_t>(images.size()) > n_)
    fail_internal("batch", "{} images for a program of {}", images.size(), n_);
  const auto group = static_cast<size_t>(settings_.image.images);
  if (images.size() % group != 0) fail_internal("batch", "{} images of groups of {}", images.size(), group);
  while (std::ssize(images) < n_) images.push_back(images[images.size() - group]);
  take_memory();
  objective_->write(*states_, images);
  if (states_->contains(kKeysState)) {
    std::vector<DrawKey> keys;
    for (const BatchImage& image : images) keys.push_back(image.key());
    states_->write(kKeysState, keys);
  }
  return images;
}

void StepProgram::start(const std::vector<BatchImage>& some, const PhaseEnd* before) {
  const std::vector<BatchImage> images = write_tables(some);
  if (settings_.carry_over == CarryOver::parameters || settings_.carry_over == CarryOver::optimisation) {
    copy(image_part_.states(), *before);
  } else {
    start_image(images, before);
  }
  if (settings_.carry_over == CarryOver::optimisation) {
    copy(ascent_states(), *before);
  } else {
    for (const std::string& name : ascent_states())
      states_->write(name, std::vector<std::byte>(static_cast<size_t>(states_->info(name).bytes())));
  }
}

void StepProgram::start_image(const std::vector<BatchImage>& images, const PhaseEnd* before) {
  if (!settings_.image.changes_a_picture()) return image_part_.write_start(*states_, images);
  const HostTensor pictures =
      start_pictures(settings_.image, image_, settings_.carry_over == CarryOver::picture ? &before->pictures : nullptr);
  image_part_.write_start(*states_, images, &pictures);
}

std::vector<std::string> StepProgram::ascent_states() const {
  std::vector<std::string> names = {kStepState, kStoppedAtState, kHistoryState};
  for (const ImageParameter& parameter : image_part_.parameters()) {
    const std::vector<std::string> moments = optimiser_states(settings_.optimiser, parameter.name);
    names.insert(names.end(), moments.begin(), moments.end());
  }
  return names;
}

std::vector<std::string> StepProgram::made_states() const {
  std::vector<std::string> names = image_part_.states();
  const std::vector<std::string> ascent = ascent_states();
  names.insert(names.end(), ascent.begin(), ascent.end());
  return names;
}

// Of a history each step has a row of all images; all other states are one group behind the other. The step is that of all.
int64_t StepProgram::rows_of(const std::string& state) const {
  return state == kHistoryState ? settings_.optimisation_steps : 1;
}

int64_t StepProgram::groups_in(const std::string& state) const {
  return state == kStepState ? 1 : n_ / settings_.image.images;
}

StateBytes StepProgram::read_group(int64_t group) const {
  StateBytes own;
  for (const std::string& name : made_states()) {
    const int64_t rows = rows_of(name), groups = groups_in(name), share = states_->info(name).bytes() / (rows * groups);
    std::vector<std::byte> bytes(static_cast<size_t>(rows * share));
    for (int64_t row = 0; row < rows; ++row)
      states_->read_part(name, (row * groups + std::min(group, groups - 1)) * share,
                         std::span(bytes).subspan(static_cast<size_t>(row * share), static_cast<size_t>(share)));
    own[name] = std::move(bytes);
  }
  return own;
}

bool StepProgram::can_resume(const StateBytes& group) const {
  const std::vector<std::string> names = made_states();
  return group.size() == names.size() && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
           const auto found = group.find(name);
           return found != group.end() && std::ssize(found->second) == states_->info(name).bytes() / groups_in(name);
         });
}

void StepProgram::resume(const std::vector<BatchImage>& images, const std::vector<StateBytes>& groups) {
  static_cast<void>(write_tables(images));
  for (const std::string& name : made_states()) {
    const int64_t rows = rows_of(name);
    std::vector<std::byte> bytes;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t group = 0; group < groups_in(name); ++group) {
        const StateBytes& whose = groups[static_cast<size_t>(std::min<int64_t>(group, std::ssize(groups) - 1))];
        const std::vector<std::byte>& own = whose.at(name);
        const int64_t share = std::ssize(own) / rows;
        bytes.insert(bytes.end(), own.begin() + row * share, own.begin() + (row + 1) * share);
      }
    }
    states_->write(name, bytes);
  }
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

HostTensor StepProgram::first_parameter() const {
  const Shape& shape = states_->info(kParameterState).shape;
  return {{shape.n, shape.c, shape.h, shape.w}, states_->read<float>(kParameterState)};
}

std::vector<float> StepProgram::first_moments() const {
  std::vector<float> moments;
  for (const ImageParameter& parameter : image_part_.parameters()) {
    const std::vector<float> moment = states_->read<float>(first_moment_of(parameter.name));
    moments.insert(moments.end(), moment.begin(), moment.end());
  }
  return moments;
}

bool StepProgram::finite(int64_t image) const {
  for (const ImageParameter& parameter : image_part_.parameters()) {
    const int64_t owners = parameter.of_group ? n_ / settings_.image.images : n_;
    const int64_t owner = parameter.of_group ? image / settings_.image.images : image;
    std::vector<float> numbers(static_cast<size_t>(parameter.info.shape.elements() / owners));
    states_->read_part(parameter.name, owner * std::ssize(numbers) * static_cast<int64_t>(sizeof(float)),
                       std::as_writable_bytes(std::span<float>(numbers)));
    if (!std::isfinite(largest_magnitude(numbers))) return false;
  }
  return true;
}

StepProgram::Look StepProgram::look(bool overflows) {
  const Program::Look seen = program_->look(overflows ? n_ : 0, input_gradient_, true);
  Look look;
  look.overflows.resize(static_cast<size_t>(n_));
  for (size_t image = 0; image < seen.overflows.size(); ++image) {
    const std::optional<Program::Overflow>& one = seen.overflows[image];
    if (one && std::isfinite(one->magnitude))
      look.overflows[image] = fmt::format("the values of '{}' reach {:.1g}, and the sums of '{}' would leave float32",
                                          one->source, one->magnitude, one->layer);
    else if (one)
      look.overflows[image] = fmt::format("the values of '{}' are not finite", one->source);
  }
  look.silent = silent_images(seen.numbers);
  return look;
}

// None where there is no such gradient.
std::vector<bool> StepProgram::silent_images(const std::vector<float>& gradient) const {
  std::vector<bool> silent(static_cast<size_t>(n_), false);
  const size_t each = gradient.size() / silent.size();
  for (size_t image = 0; each > 0 && image < silent.size(); ++image)
    silent[image] = largest_magnitude(std::span(gradient).subspan(image * each, each)) == 0;
  return silent;
}

bool StepProgram::silent_lately(size_t image, int64_t steps) {
  const auto now = states_->read<int64_t>(kStepState);
  bool silent = true;
  for (int64_t step = now[0] - 1; silent && step >= std::max<int64_t>(0, now[0] - steps); --step) {
    states_->write(kStepState, std::vector<int64_t>{step});
    silent = silent_images(program_->look(0, input_gradient_, false).numbers)[image];
  }
  states_->write(kStepState, now);
  return silent;
}

HostTensor StepProgram::images() {
  image_program_->run();
  return image_program_->read_nchw(image_only_);
}

std::unique_ptr<Transfer> StepProgram::start_images() {
  image_program_->run();
  return image_program_->start_read(image_only_);
}

std::string StepProgram::first_not_finite(size_t image, int64_t step) {
  const auto now = states_->read<int64_t>(kStepState);
  states_->write(kStepState, std::vector<int64_t>{step});
  std::string layer = program_->first_not_finite(static_cast<int64_t>(image));
  states_->write(kStepState, now);
  return layer;
}

}  // namespace phosphene
