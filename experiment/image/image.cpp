#include "experiment/image/image.h"

#include <algorithm>

#include "layers/image/channel_slice.h"
#include "layers/image/colour.h"
#include "layers/image/composite.h"
#include "layers/image/pixel_image.h"
#include "layers/network/add.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kPictureState = "picture before colour";  // that the parameters change

std::vector<DrawKey> keys_of(const std::vector<BatchImage>& slots, int64_t stride) {
  std::vector<DrawKey> keys;
  for (size_t slot = 0; slot < slots.size(); slot += static_cast<size_t>(stride)) {
    keys.push_back(slots[slot].key());
    if (stride > 1) keys.back().image = 0;  // of the whole group
  }
  return keys;
}

Shape with_alpha(const Config& config, Shape image) {
  if (!config.transparency) return image;
  if (image.c != 1 && image.c != 3) {
    fail(config.file + ": /transparency", "the network sees {} channels; gray and colour can have an alpha channel",
         image.c);
  }
  ++image.c;
  return image;
}

}  // namespace

ImagePart::ImagePart(const Config& config, const Shape& image, const Model& model, Backend& backend)
    : config_(config), colours_(image.c), image_(with_alpha(config, image)) {
  if (decorrelated() && colours_ != 3) {
    fail(config.file + ": /colour",
         "the network sees {} channels, and only three can be decorrelated; \"plain\" is for all", colours_);
  }
  const auto add = [this](const TensorInfo& info, bool of_group = false) {
    const size_t index = parameters_.size();
    parameters_.push_back(
        {index == 0 ? kParameterState : fmt::format("{} {}", kParameterState, index), info, of_group});
  };
  switch (config.parameterization) {
    case Parameterization::fourier:
      add(fourier().spectrum());
      break;
    case Parameterization::pixel:
      add({image_, Layout::planar, DType::f32});
      break;
    case Parameterization::laplacian_pyramid:
      for (int64_t level = 0; level < config.pyramid_levels; ++level)
        levels_.push_back({.tensors = 1, .divisor = int64_t{1} << level});
      break;
    case Parameterization::shared:
      add(fourier().spectrum());
      group_ = config.images;
      for (const SharedLevel& level : config.shared_levels) {
        UpsampleLevelShape made{.tensors = level.images, .divisor = level.divisor};
        levels_.push_back(level.offset ? with_half_offsets(image_, group_, made) : made);
      }
      break;
    case Parameterization::cppn:
      for (const TensorInfo& weights : cppn_weights(config.cppn, image)) add(weights);
      break;
    case Parameterization::prior:
      prior_.emplace(config, image, model, backend);
      add(prior_->code());
  }
  for (const UpsampleLevelShape& level : levels_)
    add(level_info(image_, group_, level), config.parameterization == Parameterization::shared);
}

std::vector<std::string> ImagePart::states() const {
  std::vector<std::string> names;
  for (const ImageParameter& parameter : parameters_) names.push_back(parameter.name);
  if (config_.changes_a_picture()) names.emplace_back(kPictureState);
  return names;
}

FourierParameterization ImagePart::fourier() const {
  return {image_.n, image_.c, image_.h, image_.w, config_.decay_power};
}

ValueId ImagePart::append_before_colour(Graph& graph) const {
  std::vector<ValueId> states;
  for (const ImageParameter& parameter : parameters_) states.push_back(graph.state(parameter.name, parameter.info));
  if (config_.parameterization == Parameterization::cppn) return append_cppn(graph, config_.cppn, image_, states);
  std::vector<ValueId> terms;
  if (config_.changes_a_picture()) terms.push_back(graph.state(kPictureState, {image_, Layout::planar, DType::f32}));
  if (config_.parameterization == Parameterization::pixel) {
    terms.push_back(states[0]);
  } else if (levels_.size() < states.size()) {
    terms.push_back(append_fourier_image(graph, fourier(), states[0]));
  }
  const size_t first = states.size() - levels_.size();
  for (size_t level = 0; level < levels_.size(); ++level)
    terms.push_back(append_upsampled(graph, image_, group_, levels_[level], states[first + level]));
  return append_sum(graph, std::move(terms), "image");
}

bool ImagePart::decorrelated() const {
  if (config_.colour != ColourSpace::automatic) return config_.colour != ColourSpace::plain;
  return colours_ == 3 && config_.parameterization != Parameterization::cppn;
}

ValueId ImagePart::append_colour(Graph& graph, ValueId before) const {
  return graph.append(std::make_shared<Colour>(decorrelated(), config_.colour == ColourSpace::clipped), {before},
                      "colour");
}

ImageValues ImagePart::append(Graph& graph) const {
  if (prior_) return {prior_->append(graph, graph.state(kParameterState, prior_->code())), kNoValue};
  const ValueId before = append_before_colour(graph);
  if (!config_.transparency) return {append_colour(graph, before), kNoValue};
  const ValueId alpha = append_channels(graph, before, colours_, 1);
  return {append_colour(graph, append_channels(graph, before, 0, colours_)),
          graph.append(std::make_shared<Colour>(false), {alpha}, "alpha")};
}

ValueId ImagePart::append_seen(Graph& graph, const ImageValues& image, ValueId keys, ValueId step) const {
  const Transparency& transparency = *config_.transparency;
  const FourierParameterization spectrum{image_.n, colours_, image_.h, image_.w, transparency.background_decay_power};
  const ValueId background =
      append_colour(graph, append_random_fourier_image(graph, spectrum, transparency.background_sd, keys, step));
  return graph.append(std::make_shared<Composite>(transparency.gamma), {image.picture, image.alpha, background},
                      "over the background");
}

ValueId ImagePart::append_shown(Graph& graph, const ImageValues& image) const {
  return config_.transparency ? append_together(graph, {image.picture, image.alpha}) : image.picture;
}

void ImagePart::append_bounds(Graph& graph, ValueId stopped_at) const {
  if (prior_) prior_->append_bounds(graph, graph.state(kParameterState, prior_->code()), stopped_at);
}

std::vector<float> ImagePart::drawn_start(size_t parameter, const std::vector<BatchImage>& slots) const {
  const ImageParameter& drawn = parameters_[parameter];
  const std::vector<DrawKey> keys = keys_of(slots, drawn.of_group ? group_ : 1);
  const size_t before_levels = parameters_.size() - levels_.size();
  if (parameter >= before_levels) {
    return initial_level(drawn.info, keys,
                         drawn.of_group ? DrawPurpose::initial_shared_levels : DrawPurpose::initial_levels,
                         static_cast<uint32_t>(parameter - before_levels), config_.sd);
  }
  if (config_.parameterization == Parameterization::cppn) {
    return initial_cppn_weights(drawn.info, keys, static_cast<uint32_t>(parameter),
                                parameter + 1 == parameters_.size());
  }
  if (prior_) return prior_->start(keys);
  if (config_.parameterization == Parameterization::pixel) return initial_pixels(image_, keys, config_.sd);
  return initial_spectrum(fourier(), keys, config_.sd);
}

// The start from a file: `re` and `im`, or `pixels`, for one image or for each of a job's.
std::vector<float> ImagePart::read_start(const std::vector<BatchImage>& slots) const {
  const bool spectral = config_.parameterization == Parameterization::fourier;
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
  for (const BatchImage& slot : slots) {
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

void ImagePart::write_start(States& states, const std::vector<BatchImage>& slots, const HostTensor* pictures) const {
  const bool drawn = config_.initial.empty() || config_.changes_a_picture();
  for (size_t parameter = 0; parameter < parameters_.size(); ++parameter)
    states.write(parameters_[parameter].name, drawn ? drawn_start(parameter, slots) : read_start(slots));
  if (!config_.changes_a_picture()) return;
  if (pictures == nullptr) fail_internal("image", "there is no picture to begin with");
  states.write(kPictureState,
               before_colour(image_, pictures->data, decorrelated(), config_.colour == ColourSpace::clipped));
}

}  // namespace phosphene
