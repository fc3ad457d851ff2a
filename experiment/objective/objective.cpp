#include "experiment/objective/objective.h"

#include "layers/network/add.h"

namespace phosphene {

ObjectivePart::ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const Objective& objective,
                             const ImageSettings& settings, Shape shape, const ImageValues& image,
                             ReferencePhotos* references, const NeededChannels& needed) {
  std::vector<ValueId> values;
  for (size_t i = 0; i < objective.terms.size(); ++i) {
    terms_.push_back(
        objective.terms[i]->append({graph, network, model, settings, shape, image, references, needed, i}));
    values.push_back(terms_.back()->value());
  }
  value_ = append_sum(graph, std::move(values), "objective");
}

void ObjectivePart::write(States& states, const std::vector<BatchImage>& images) const {
  for (const auto& term : terms_) term->write(&states, images);
}

void ObjectivePart::check(const std::vector<BatchImage>& images) const {
  for (const auto& term : terms_) term->write(nullptr, images);
}

}  // namespace phosphene
