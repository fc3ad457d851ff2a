#include "experiment/analysis/classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "experiment/photos/resize.h"
#include "layers/network/softmax.h"
#include "loaders/model/model_graph.h"

namespace phosphene {

std::vector<size_t> ranking(const std::vector<float>& probabilities, size_t top) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  top = std::min(top, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](size_t a, size_t b) {
                      return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
                    });
  order.resize(top);
  return order;
}

std::string label_of(const Model& model, size_t index) {
  return index < model.labels.size() ? model.labels[index] : fmt::format("class {}", index);
}

PhotoClassifier::PhotoClassifier(const Model& model, Backend& backend) : model_(model), states_(backend) {
  require_photographs(model, model.name);
  Graph graph;
  const TensorInfo input{{1, model.channels, model.height, model.width}};
  ModelGraph network(model, graph, graph.state(Model::kInput, input));
  probabilities_ = graph.append(std::make_shared<Softmax>(), {network.value(model.logits())}, "probabilities");
  program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{probabilities_}, backend, states_);
}

std::vector<float> PhotoClassifier::probabilities(const Photo& photo, const Preprocessing& preprocessing) {
  states_.write(Model::kInput, prepare_input(preprocessing, resize_whole(photo, model_.height, model_.width)));
  program_->run();
  return program_->read(probabilities_);
}

}  // namespace phosphene
