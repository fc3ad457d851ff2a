// The objective of a step: its terms as ops on the network's layers and on the image, and the tables that say what each image's terms
// are about.
#pragma once

#include <memory>
#include <vector>

#include "experiment/image/image.h"
#include "experiment/objective/batch_image.h"
#include "experiment/objective/needed_channels.h"
#include "experiment/objective/reference_photos.h"
#include "loaders/model/model_graph.h"
#include "runtime/states.h"

namespace phosphene {

class ObjectiveTerm;

// For a batch of n images in groups of `config.images`. All configs of a batch have the same kinds of terms on the same layers, so
// the first config's structure is everybody's.
class ObjectivePart {
 public:
  // `image`: what penalties read. `references`: photographs beside it, seen through the same transforms. Terms
  // that want what is not there are refused. `reads`: of which layers only channels are computed (experiment/objective/needed_channels.h), and
  // then for units in these blocks alone.
  ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const Config& config, int64_t n,
                const ImageValues& image = {}, ReferencePhotos* references = nullptr, const NeededChannels& reads = {});
  ~ObjectivePart();

  [[nodiscard]] ValueId value() const { return value_; }  // N: the sum of the terms

  // Fills the rows of the tables. Throws, with the term's place in the config, when a unit or position does not exist.
  void write(States& states, const std::vector<BatchImage>& slots) const;
  // Throws where `write` would.
  void check(const std::vector<BatchImage>& slots) const;

 private:
  std::vector<std::unique_ptr<ObjectiveTerm>> terms_;
  ValueId value_ = kNoValue;
};

}  // namespace phosphene
