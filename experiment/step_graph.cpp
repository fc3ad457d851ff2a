#include "experiment/step_graph.h"

#include <algorithm>
#include <array>

#include "layers/image/colour.h"
#include "layers/image/pixel_image.h"
#include "layers/optimiser/record.h"
#include "layers/transform/warp.h"
#include "loaders/safetensors.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {
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
                                          preprocessing.mean, preprocessing.order, config.precision),
                   {image, matrices}, "warp");
  ModelGraph network(model, graph, input);
  objective_ = std::make_unique<ObjectivePart>(graph, network, model, config, n, image);

  const ValueId step = graph.state(kStepState, step_number());
  const ValueId latch = graph.state(kLatchState, latches(n));
  const ValueId parameter[] = {graph.state(kParameterState, parameter_info())};
  gradient_ = differentiate(graph, parameter)[0];
  if (gradient_ == kNoValue) fail_internal("objective", "nothing depends on the image");
  append_record(graph, objective_->value(), step, graph.state(kHistoryState, value_history(config.steps, n)), latch);
  append_adam(graph, config.adam, parameter[0], gradient_, step, latch);
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
  const auto group = static_cast<size_t>(config_.images);
  if (slots.size() % group != 0) fail_internal("batch", "{} images of groups of {}", slots.size(), group);
  while (std::ssize(slots) < n_) slots.push_back(slots[slots.size() - group]);
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

std::unique_ptr<Transfer> StepProgram::start_images() {
  image_program_->run();
  return image_program_->start_read(image_only_);
}

std::string StepProgram::first_not_finite(size_t slot, int64_t step) {
  const auto now = states_->read<int64_t>(kStepState);
  states_->write(kStepState, std::vector<int64_t>{step});
  const std::string layer = program_->first_not_finite(static_cast<int64_t>(slot));
  states_->write(kStepState, now);
  return layer;
}

}  // namespace phosphene
