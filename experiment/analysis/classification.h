// The classes that a network sees in an image.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiment/photos/photo.h"
#include "loaders/model/model.h"
#include "runtime/program.h"

namespace phosphene {

// Class indices by falling probability, the most probable `top` of them.
std::vector<size_t> ranking(const std::vector<float>& probabilities, size_t top);

std::string label_of(const Model& model, size_t index);

// The network's classes for photographs, each squeezed as a whole into the size it was trained at, as Caffe's example does. Throws for a
// network without classes, and for one that does not read three channels. `model` and `backend` must outlive it.
class PhotoClassifier {
 public:
  PhotoClassifier(const Model& model, Backend& backend);

  // The probability of each class. `preprocessing`: instead of the model's own.
  [[nodiscard]] std::vector<float> probabilities(const Photo& photo, const Preprocessing& preprocessing);
  [[nodiscard]] std::vector<float> probabilities(const Photo& photo) {
    return probabilities(photo, model_.preprocessing);
  }

 private:
  const Model& model_;
  States states_;
  ValueId probabilities_ = kNoValue;
  std::unique_ptr<Program> program_;
};

}  // namespace phosphene
