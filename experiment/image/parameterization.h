// A parameterization: which parameters gradient ascent changes, and how they become an image. Each is a file of its own
// here, and a row of parameterization_list.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiment/image/batch_image.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"
#include "runtime/graph.h"
#include "runtime/interface.h"

namespace phosphene {

// The state of the first parameter: a spectrum, pixels, a level, the weights of a layer. The next is "parameter 1".
inline constexpr const char* kParameterState = "parameter";

inline constexpr int64_t kMaxSide = 1 << 14;  // of an image, in pixels
inline constexpr int64_t kMaxImages = 1024;   // of a group

// A state that is optimised. An equal part of it belongs to each image, or to each group of images.
struct ImageParameter {
  std::string name;
  TensorInfo info;
  bool of_group = false;
};

// What parameters are made for.
struct ImageContext {
  Shape image;         // N C H W of the whole batch, alpha included
  int64_t images = 1;  // of a group; N is a multiple of it where the group shares something
  std::string file;    // the config's, for errors
  const Model& model;
  Backend& backend;
};

// The parameters of a batch of images.
class ImageParameters : public Interface {
 public:
  [[nodiscard]] const std::vector<ImageParameter>& parameters() const { return parameters_; }

  // Appends states of parameters() -> planar N C H W before colour, or the picture itself where the parameterization
  // draws its own colours. `picture`: the image before colour that the parameters change, or kNoValue.
  virtual ValueId append(Graph& graph, std::span<const ValueId> states, ValueId picture) const = 0;
  // Appends, behind the ascent, what keeps the parameters within their bounds where they have any.
  virtual void append_bounds(Graph& /*graph*/, std::span<const ValueId> /*states*/, ValueId /*stopped_at*/) const {}

  // The start of a parameter: one key for each image, or for each group where the parameter is the group's.
  [[nodiscard]] virtual std::vector<float> drawn_start(size_t parameter, std::span<const DrawKey> keys) const = 0;
  // The start of the only parameter from a safetensors file, of a parameterization that starts_from_a_file().
  [[nodiscard]] virtual std::vector<float> read_start(const std::string& path,
                                                      std::span<const BatchImage> batch_images) const;

 protected:
  void add_parameter(const TensorInfo& info, bool of_group = false);

 private:
  std::vector<ImageParameter> parameters_;
};

// What a config says about its parameters; does not change once it is read.
class Parameterization : public Interface {
 public:
  [[nodiscard]] virtual const char* kind() const = 0;  // its key in a config

  // Learning rates are this much of an image's, unless the config gives one.
  [[nodiscard]] virtual double optimiser_rate_factor() const { return 1; }
  // Can make an image with an alpha channel.
  [[nodiscard]] virtual bool has_alpha() const { return true; }
  // Can change a picture that was there before: a photograph, or that of the phase before.
  [[nodiscard]] virtual bool takes_a_picture() const { return true; }
  // Can start from a safetensors file: ImageParameters::read_start.
  [[nodiscard]] virtual bool starts_from_a_file() const { return false; }
  // Its only parameter is a half spectrum, which can be saved.
  [[nodiscard]] virtual bool has_spectrum() const { return false; }
  // Makes a picture in [0, 1]; others make an image before colour.
  [[nodiscard]] virtual bool draws_own_colours() const { return false; }
  // Colours are not decorrelated, unless the config says so.
  [[nodiscard]] virtual bool plain_by_default() const { return false; }

  // The same for parameters that change a picture: they start at 0, unless the config gives a standard deviation.
  // Only of one that takes_a_picture().
  [[nodiscard]] virtual std::shared_ptr<const Parameterization> starting_at_the_picture() const;

  // Refuses what does not fit a group of so many images. `place`: of the parameterization, "FILE: /parameterization".
  virtual void check_group(int64_t /*images*/, const std::string& /*place*/) const {}

  // Throws for an image that it cannot make.
  [[nodiscard]] virtual std::unique_ptr<ImageParameters> make(const ImageContext& context) const = 0;
};
using ParameterizationPtr = std::shared_ptr<const Parameterization>;

// Appends the sum of the picture that is changed, unless it is kNoValue, and of what parameters make: an image before
// colour.
ValueId append_change(Graph& graph, ValueId picture, std::vector<ValueId> made);

}  // namespace phosphene
