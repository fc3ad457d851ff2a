// Checks the objective of a phase before anything is planned.
#pragma once

#include <vector>

#include "experiment/config/settings.h"
#include "experiment/objective/objective.h"
#include "experiment/objective/reference_photos.h"

namespace phosphene {

// The objective on a network's shapes alone: a graph has them before it is planned, here those of whole layers.
class ObjectiveCheck {
 public:
  // Throws for a layer or a photograph that does not exist. `model` must outlive it.
  ObjectiveCheck(const Model& model, const Settings& settings);

  // Throws for a unit, a position or a vector that does not exist or fit. `images`: one group of the settings' structure.
  void check(const std::vector<BatchImage>& images) const { objective_.check(images); }

 private:
  [[nodiscard]] ValueId input();
  [[nodiscard]] ImageValues image(const ImageSettings& settings);

  Shape shape_;
  Graph graph_;
  ModelGraph network_;
  ReferencePhotos references_;
  ObjectivePart objective_;
};

}  // namespace phosphene
