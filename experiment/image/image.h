// The image of a step: the parameters that gradient ascent changes, and what turns them into values in [0, 1]. Which
// parameters there are, and whose they are, follows from the config's parameterization.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/image/prior_image.h"
#include "experiment/objective/batch_image.h"
#include "layers/image/upsample.h"
#include "runtime/graph.h"
#include "runtime/states.h"

namespace phosphene {

// The first parameter's state: a spectrum, pixels, a level, the weights of a layer. Others are called "parameter 1", ...
inline constexpr const char* kParameterState = "parameter";

// A state that is optimised. An equal part of it belongs to each image, or to each group of `config.images` images.
struct ImageParameter {
  std::string name;
  TensorInfo info;
  bool of_group = false;
};

// The image, planar values in [0, 1]: its colours, and its alpha where it is transparent.
struct ImageValues {
  ValueId picture = kNoValue, alpha = kNoValue;
};

class ImagePart {
 public:
  // `image`: N C H W of the whole batch as the network sees it, N a multiple of the group where something is shared. A prior may run the model once.
  ImagePart(const Config& config, const Shape& image, const Model& model, Backend& backend);

  [[nodiscard]] const std::vector<ImageParameter>& parameters() const { return parameters_; }

  // The names of all states that the image is made from: the parameters, and the picture that they change.
  [[nodiscard]] std::vector<std::string> states() const;

  // Appends parameters -> image.
  [[nodiscard]] ImageValues append(Graph& graph) const;
  // Appends what the network sees of a transparent image: it lies over a background that is drawn for each image (`keys`) and step.
  [[nodiscard]] ValueId append_seen(Graph& graph, const ImageValues& image, ValueId keys, ValueId step) const;
  // Appends what is shown and kept of it: alpha is the last channel.
  [[nodiscard]] ValueId append_shown(Graph& graph, const ImageValues& image) const;
  // Appends, behind the ascent, what keeps the parameters within their bounds where they have any.
  void append_bounds(Graph& graph, ValueId stopped_at) const;

  // Writes the start of every parameter: drawn, or read from the config's `initial`. `pictures`: what a config that changes a picture
  // begins with, N x C x H x W in [0, 1].
  void write_start(States& states, const std::vector<BatchImage>& slots, const HostTensor* pictures = nullptr) const;

 private:
  [[nodiscard]] FourierParameterization fourier() const;
  [[nodiscard]] bool decorrelated() const;
  [[nodiscard]] ValueId append_colour(Graph& graph, ValueId before) const;
  [[nodiscard]] ValueId append_before_colour(Graph& graph) const;
  [[nodiscard]] std::vector<float> drawn_start(size_t parameter, const std::vector<BatchImage>& slots) const;
  [[nodiscard]] std::vector<float> read_start(const std::vector<BatchImage>& slots) const;

  Config config_;
  int64_t colours_;                         // channels that the network sees
  Shape image_;                             // with alpha
  int64_t group_ = 1;                       // images that share a level
  std::vector<UpsampleLevelShape> levels_;  // of the last parameters, in order
  std::optional<LearnedPrior> prior_;
  std::vector<ImageParameter> parameters_;
};

}  // namespace phosphene
