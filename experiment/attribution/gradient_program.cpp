#include "experiment/attribution/gradient_program.h"

#include <utility>

#include "loaders/model/model_graph.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kActivations = "activations";

// N C H W of activations as they lie in memory, channels last.
std::vector<float> channels_last(const HostTensor& planar) {
  const int64_t c = planar.dims.at(1), pixels = planar.elements() / c;
  std::vector<float> numbers(planar.data.size());
  for (int64_t channel = 0; channel < c; ++channel)
    for (int64_t i = 0; i < pixels; ++i)
      numbers[static_cast<size_t>(i * c + channel)] = planar.data[static_cast<size_t>(channel * pixels + i)];
  return numbers;
}

}  // namespace

GradientProgram::GradientProgram(const Model& model, Backend& backend, const Objective& objective, const Shape& input,
                                 const std::vector<std::string>& at)
    : model_(model), objective_(objective), states_(backend) {
  Graph graph;
  input_ = graph.state(Model::kInput, {input});
  values_ = {input_};
  ModelGraph network(model, graph, input_);
  const ObjectivePart part(graph, network, model, objective, {}, input);
  for (const std::string& layer : at) values_.push_back(network.value(layer));
  value_ = part.value();
  gradients_ = differentiate(graph, values_);
  for (size_t i = 0; i < gradients_.size(); ++i)
    if (gradients_[i] == kNoValue) fail("objective", "it does not depend on '{}'", i == 0 ? Model::kInput : at[i - 1]);
  std::vector<ValueId> keep = gradients_;
  keep.insert(keep.end(), values_.begin() + 1, values_.end());
  keep.push_back(value_);
  program_ = std::make_unique<Program>(std::move(graph), keep, backend, states_);
  part.write(states_, {{&objective_}});
}

GradientProgram::GradientProgram(const Model& model, Backend& backend, const Objective& objective, const Shape& input,
                                 const std::string& layer, const Shape& activations)
    : model_(model), objective_(objective), states_(backend), layer_(layer) {
  Graph graph;
  const ValueId photograph = graph.state(Model::kInput, {input});
  input_ = graph.state(kActivations, {activations, Layout::channels_last, DType::f32});
  values_ = {input_};
  ModelGraph network(model, graph, photograph);
  network.begin_at(layer, input_);
  const ObjectivePart part(graph, network, model, objective, {}, input);
  for (const Node& node : graph.nodes())
    for (const ValueId src : node.src)
      if (src == photograph) fail(layer, "is not the only way from the photograph to the objective");
  value_ = part.value();
  gradients_ = differentiate(graph, values_);
  if (gradients_.front() == kNoValue) fail("objective", "it does not depend on '{}'", layer);
  program_ =
      std::make_unique<Program>(std::move(graph), std::vector<ValueId>{gradients_.front(), value_}, backend, states_);
  part.write(states_, {{&objective_}});
}

double GradientProgram::run(const HostTensor& input) {
  if (layer_.empty())
    states_.write(Model::kInput, prepare_input(model_.preprocessing, input));
  else
    states_.write(kActivations, channels_last(input));
  program_->run();
  return program_->read(value_).front();
}

// The network reads input[c] = scale[c] rgb[order[c]] - mean[c].
HostTensor GradientProgram::gradient() const {
  HostTensor prepared = program_->read_nchw(gradients_.front());
  if (!layer_.empty()) return prepared;
  const Preprocessing& by = model_.preprocessing;
  const size_t pixels = prepared.data.size() / by.order.size();
  HostTensor gradient{prepared.dims, std::vector<float>(prepared.data.size(), 0.F)};
  for (size_t channel = 0; channel < by.order.size(); ++channel) {
    const size_t colour = static_cast<size_t>(by.order[channel]);
    for (size_t i = 0; i < pixels; ++i)
      gradient.data[colour * pixels + i] += by.scale[channel] * prepared.data[channel * pixels + i];
  }
  return gradient;
}

HostTensor GradientProgram::gradient_at(size_t index) const { return program_->read_nchw(gradients_.at(index + 1)); }

HostTensor GradientProgram::value_at(size_t index) const { return program_->read_nchw(values_.at(index + 1)); }

}  // namespace phosphene
