// The numbers of a direction: given, read from a file, drawn, or a layer's activation for a photograph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiment/objective/term.h"
#include "runtime/backend.h"

namespace phosphene {

// Where a direction comes from: exactly one of these is set.
struct DirectionSource {
  std::vector<float> numbers;    // one for each channel
  NamedFile tensor;              // "FILE.safetensors#TENSOR"
  std::optional<uint64_t> seed;  // normally distributed numbers
  NamedFile photo;               // the activation for a photograph,
  Position position;             // at this position or patch
};

// Positions of a layer that have directions of their own.
struct Patch {
  int64_t height = 1, width = 1;
  bool operator==(const Patch&) const = default;
};

// The patch of a tensor in a file: the last two of channels x height x width. `place`: the term's, for errors.
Patch patch_in_file(const NamedFile& tensor, const std::string& place);

// For one term of a batch's jobs, which all have the first one's patch.
class DirectionVectors {
 public:
  // `activation`: the shape of the term's layer. `height`, `width`: the size of the image, which photographs get too. Throws, with
  // the term's place, for a patch that does not fit.
  DirectionVectors(const Model& model, std::string layer, const Shape& activation, Patch patch, int64_t height,
                   int64_t width, const std::string& place);

  [[nodiscard]] const Patch& patch() const { return patch_; }

  // height x width x channels numbers for an image's term; without a backend, checks alone. A layer is run on a photograph once.
  std::vector<float> of(const DirectionSource& source, const std::string& place, Backend* backend);

 private:
  [[nodiscard]] std::vector<float> from_file(const NamedFile& tensor, const std::string& place) const;
  std::vector<float> from_photo(const DirectionSource& source, const std::string& place, Backend* backend);

  const Model& model_;
  std::string layer_;
  Shape activation_;
  Patch patch_;
  int64_t height_, width_;
  std::map<std::string, HostTensor> photos_;  // path -> the layer's activation
};

}  // namespace phosphene
