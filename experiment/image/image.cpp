#include "experiment/image/image.h"

#include "layers/image/channel_slice.h"
#include "layers/image/colour.h"
#include "layers/image/composite.h"
#include "layers/image/fourier_image.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kPictureState = "picture before colour";  // that the parameters change

std::vector<DrawKey> keys_of(const std::vector<BatchImage>& batch_images, int64_t stride) {
  std::vector<DrawKey> keys;
  for (size_t i = 0; i < batch_images.size(); i += static_cast<size_t>(stride)) {
    keys.push_back(batch_images[i].key());
    if (stride > 1) keys.back().image = 0;  // of the whole group
  }
  return keys;
}

Shape with_alpha(const ImageSettings& settings, Shape image) {
  if (!settings.transparency) return image;
  if (image.c != 1 && image.c != 3) {
    fail(settings.file + ": /transparency",
         "the network reads {} channels; only gray and colour images can have an alpha channel", image.c);
  }
  ++image.c;
  return image;
}

}  // namespace

void check_image(const JsonReader& config, const ImageSettings& image) {
  const Parameterization& parameterization = *image.parameterization;
  const char* kind = parameterization.kind();
  if (config.has("parameterization")) parameterization.check_group(image.images, config.at("parameterization").place());
  if (config.has("colour") && parameterization.draws_own_colours())
    config.at("colour").refuse("'{}' draws its own colours", kind);
  if (image.transparency && !parameterization.has_alpha())
    config.at("transparency").refuse("'{}' makes no alpha channel", kind);
  if (image.transparency && image.starts_from_photo())
    config.at("transparency").refuse("a photograph has no alpha channel to start from ('initial')");
  if (image.starts_from_photo() && !parameterization.takes_a_picture())
    config.at("initial").refuse("'{}' cannot start from a photograph", kind);
  if (!image.initial.empty() && !image.starts_from_photo() && !parameterization.starts_from_a_file())
    config.at("initial").refuse("'{}' cannot start from a safetensors file, only 'fourier' and 'pixel' can", kind);
}

void start_at_the_picture(ImageSettings& settings) {
  settings.parameterization = settings.parameterization->starting_at_the_picture();
}

ImageSize image_size(const Model& model, const ImageSettings& settings) {
  return {settings.height > 0 ? settings.height : model.height, settings.width > 0 ? settings.width : model.width};
}

Shape input_shape(const Model& model, const ImageSettings& settings, int64_t n) {
  const auto [height, width] = image_size(model, settings);
  return {n, model.channels, height, width};
}

bool decorrelated(const ImageSettings& settings, int64_t channels) {
  if (settings.colour != ColourSpace::automatic) return settings.colour != ColourSpace::plain;
  return channels == 3 && !settings.parameterization->plain_by_default();
}

void check_start_file(const ImageSettings& settings, const BatchImage& first, const Model& model, Backend& backend) {
  if (settings.initial.empty() || settings.changes_a_picture()) return;
  const Shape image = with_alpha(settings, input_shape(model, settings, settings.images));
  const std::vector<BatchImage> group(static_cast<size_t>(settings.images), first);
  const auto parameters = settings.parameterization->make({image, settings.images, settings.file, model, backend});
  static_cast<void>(parameters->read_start(settings.initial.path(), group));
}

ImagePart::ImagePart(const ImageSettings& settings, const Shape& image, const Model& model, Backend& backend)
    : settings_(settings),
      colours_(image.c),
      image_(with_alpha(settings, image)),
      decorrelated_(decorrelated(settings, image.c)) {
  if (decorrelated_ && colours_ != 3) {
    fail(settings.file + ": /colour", "decorrelated colour needs 3 channels, and the network reads {}; use \"plain\"",
         colours_);
  }
  parameters_ = settings.parameterization->make({image_, settings.images, settings.file, model, backend});
}

std::vector<std::string> ImagePart::states() const {
  std::vector<std::string> names;
  for (const ImageParameter& parameter : parameters()) names.push_back(parameter.name);
  if (settings_.changes_a_picture()) names.emplace_back(kPictureState);
  return names;
}

std::vector<ValueId> ImagePart::parameter_states(Graph& graph) const {
  std::vector<ValueId> states;
  for (const ImageParameter& parameter : parameters()) states.push_back(graph.state(parameter.name, parameter.info));
  return states;
}

ValueId ImagePart::append_colour(Graph& graph, ValueId before) const {
  return graph.append(std::make_shared<Colour>(decorrelated_, settings_.colour == ColourSpace::clipped), {before},
                      "colour");
}

ImageValues ImagePart::append(Graph& graph) const {
  const std::vector<ValueId> states = parameter_states(graph);
  const ValueId picture =
      settings_.changes_a_picture() ? graph.state(kPictureState, {image_, Layout::planar, DType::f32}) : kNoValue;
  const ValueId made = parameters_->append(graph, states, picture);
  if (settings_.parameterization->draws_own_colours()) return {made, kNoValue};
  if (!settings_.transparency) return {append_colour(graph, made), kNoValue};
  const ValueId alpha = append_channels(graph, made, colours_, 1);
  return {append_colour(graph, append_channels(graph, made, 0, colours_)),
          graph.append(std::make_shared<Colour>(false), {alpha}, "alpha")};
}

ValueId ImagePart::append_seen(Graph& graph, const ImageValues& image, ValueId keys, ValueId step) const {
  const Transparency& transparency = *settings_.transparency;
  const FourierParameterization spectrum{image_.n, colours_, image_.h, image_.w, transparency.background.decay_power};
  const ValueId background =
      append_colour(graph, append_random_fourier_image(graph, spectrum, transparency.background.sd, keys, step));
  return graph.append(std::make_shared<Composite>(transparency.gamma), {image.picture, image.alpha, background},
                      "over the background");
}

ValueId ImagePart::append_shown(Graph& graph, const ImageValues& image) const {
  return settings_.transparency ? append_together(graph, {image.picture, image.alpha}) : image.picture;
}

void ImagePart::append_bounds(Graph& graph, ValueId stopped_at) const {
  parameters_->append_bounds(graph, parameter_states(graph), stopped_at);
}

std::vector<float> ImagePart::drawn_start(size_t parameter, const std::vector<BatchImage>& batch_images) const {
  const int64_t stride = parameters()[parameter].of_group ? settings_.images : 1;
  return parameters_->drawn_start(parameter, keys_of(batch_images, stride));
}

void ImagePart::write_start(States& states, const std::vector<BatchImage>& batch_images,
                            const HostTensor* pictures) const {
  const bool drawn = settings_.initial.empty() || settings_.changes_a_picture();
  for (size_t parameter = 0; parameter < parameters().size(); ++parameter)
    states.write(parameters()[parameter].name, drawn ? drawn_start(parameter, batch_images)
                                                     : parameters_->read_start(settings_.initial.path(), batch_images));
  if (!settings_.changes_a_picture()) return;
  if (pictures == nullptr) fail_internal("image", "no picture to start from");
  states.write(kPictureState,
               before_colour(image_, pictures->data, decorrelated_, settings_.colour == ColourSpace::clipped));
}

}  // namespace phosphene
