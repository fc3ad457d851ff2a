// The image of a step: the parameters that gradient ascent changes, and what turns them into values in [0, 1]. Which
// parameters there are, and whose they are, follows from the config's parameterization.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/image/colour.h"
#include "experiment/image/parameterization.h"
#include "experiment/image/parameterization_list.h"
#include "experiment/image/transparency.h"
#include "loaders/json_reader.h"
#include "runtime/states.h"

namespace phosphene {

// What a config says about its image.
struct ImageSettings {
  ParameterizationPtr parameterization = default_parameterization();
  ColourSpace colour = ColourSpace::automatic;
  std::optional<Transparency> transparency;
  int64_t images = 1;             // of a group
  int64_t height = 0, width = 0;  // 0: what the model was trained at
  NamedFile initial;              // the start: a photograph, or a safetensors file with `re` and `im` (or `pixels`)
  bool takes_over = false;        // changes the picture of the phase before
  std::string file;               // the config's, for errors

  [[nodiscard]] bool starts_from_photo() const { return !initial.empty() && !initial.name.ends_with(".safetensors"); }
  // The parameters change a picture that was there before.
  [[nodiscard]] bool changes_a_picture() const { return takes_over || starts_from_photo(); }
};

// Refuses what its keys do not allow together. `config`: the object that has them: "parameterization", "colour",
// "transparency", "initial".
void check_image(const JsonReader& config, const ImageSettings& image);

// Unless the config says otherwise, parameters that change a picture start at 0.
void start_at_the_picture(ImageSettings& settings);

struct ImageSize {
  int64_t height = 0, width = 0;

  bool operator==(const ImageSize&) const = default;
};

// As the settings say, or else what the model was trained at.
ImageSize image_size(const Model& model, const ImageSettings& settings);

// Of `n` such images as the network sees them.
Shape input_shape(const Model& model, const ImageSettings& settings, int64_t n);

// Whether the image before colour has decorrelated colours, for a network that sees so many channels.
bool decorrelated(const ImageSettings& settings, int64_t channels);

// The image, planar values in [0, 1]: its colours, and its alpha where it is transparent.
struct ImageValues {
  ValueId picture = kNoValue, alpha = kNoValue;
};

// Throws where the file that the settings start from, if they start from parameters in a file, does not fit.
void check_start_file(const ImageSettings& settings, const BatchImage& first, const Model& model, Backend& backend);

class ImagePart {
 public:
  // `image`: N C H W of the whole batch as the network sees it, N a multiple of the group where something is shared. A
  // prior may run the model once.
  ImagePart(const ImageSettings& settings, const Shape& image, const Model& model, Backend& backend);

  [[nodiscard]] const std::vector<ImageParameter>& parameters() const { return parameters_->parameters(); }

  // The names of all states that the image is made from: the parameters, and the picture that they change.
  [[nodiscard]] std::vector<std::string> states() const;

  // Appends parameters -> image.
  [[nodiscard]] ImageValues append(Graph& graph) const;
  // Appends what the network sees of a transparent image: it lies over a background that is drawn for each image
  // (`keys`) and step.
  [[nodiscard]] ValueId append_seen(Graph& graph, const ImageValues& image, ValueId keys, ValueId step) const;
  // Appends what is shown and kept of it: alpha is the last channel.
  [[nodiscard]] ValueId append_shown(Graph& graph, const ImageValues& image) const;
  // Appends, behind the ascent, what keeps the parameters within their bounds where they have any.
  void append_bounds(Graph& graph, ValueId stopped_at) const;

  // Writes the start of every parameter: drawn, or read from the config's `initial`. `pictures`: those that the
  // parameters change, N x C x H x W in [0, 1]; only and always where the settings change a picture.
  void write_start(States& states, const std::vector<BatchImage>& batch_images,
                   const HostTensor* pictures = nullptr) const;

 private:
  [[nodiscard]] std::vector<ValueId> parameter_states(Graph& graph) const;
  [[nodiscard]] ValueId append_colour(Graph& graph, ValueId before) const;
  [[nodiscard]] std::vector<float> drawn_start(size_t parameter, const std::vector<BatchImage>& batch_images) const;

  ImageSettings settings_;
  int64_t colours_;  // channels that the network sees
  Shape image_;      // with alpha
  bool decorrelated_;
  std::unique_ptr<ImageParameters> parameters_;
};

}  // namespace phosphene
