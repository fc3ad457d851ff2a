// The numbers of a direction term: given, read from a file, drawn, or what a layer makes of a photograph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiment/objective/batch_image.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"

namespace phosphene {

// Positions of a layer that have directions of their own.
struct Patch {
  int64_t height = 1, width = 1;
  bool operator==(const Patch&) const = default;
};

// For one term of a batch's configs, which all have the first one's patch.
class DirectionVectors {
 public:
  // `activation`: the shape of the term's layer. Throws, with the term's place, for a patch that does not fit.
  DirectionVectors(const Model& model, const Config& config, const Term& term, const Shape& activation);

  [[nodiscard]] const Patch& patch() const { return patch_; }

  // height x width x channels numbers for an image's term; without a backend, checks alone. A layer is run on a photograph once.
  std::vector<float> of(const BatchImage& slot, const Term& term, Backend* backend);

 private:
  [[nodiscard]] std::vector<float> from_file(const BatchImage& slot, const Term& term) const;
  std::vector<float> from_photo(const BatchImage& slot, const Term& term, Backend* backend);

  const Model& model_;
  Shape activation_;
  Patch patch_;
  std::map<std::string, HostTensor> photos_;  // path -> what the layer makes of it
};

}  // namespace phosphene
