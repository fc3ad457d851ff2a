// The objective of a step: its terms as ops on the network's layers and on the image, and the tables that say what each image's terms
// are about.
#pragma once

#include <memory>
#include <vector>

#include "experiment/objective/needed_channels.h"
#include "experiment/objective/reference_photos.h"
#include "experiment/objective/term.h"
#include "loaders/model/model_graph.h"
#include "runtime/states.h"

namespace phosphene {

// For a batch of images in groups of `settings.images`. All jobs of a batch have the same kinds of terms on the same layers, so the
// first job's structure is everybody's.
class ObjectivePart {
 public:
  // `shape`: N C H W of the network's input. `image`: what penalties read. `references`: photographs beside it, seen through the same
  // transforms. Terms that need what is not there are refused. `needed`: the layers of which only some channels are computed; then
  // units must lie in these blocks.
  ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const Objective& objective,
                const ImageSettings& settings, Shape shape, const ImageValues& image = {},
                ReferencePhotos* references = nullptr, const NeededChannels& needed = {});

  [[nodiscard]] ValueId value() const { return value_; }  // N: the sum of the terms

  // Fills the rows of the tables. Throws, with the term's place in the config, when a unit or position does not exist.
  void write(States& states, const std::vector<BatchImage>& images) const;
  // Throws where `write` would.
  void check(const std::vector<BatchImage>& images) const;

 private:
  std::vector<std::unique_ptr<TermOps>> terms_;
  ValueId value_ = kNoValue;
};

}  // namespace phosphene
