#include "layers/optimiser/ascent.h"

#include <map>

#include "layers/optimiser/gradient_scale.h"

namespace phosphene {
namespace {

void scale_gradients(Graph& graph, double limit, std::vector<ParameterUpdate>& parameters) {
  std::map<ValueId, std::vector<ParameterUpdate*>> by_owner;
  for (ParameterUpdate& one : parameters) by_owner[one.stopped_at].push_back(&one);
  for (auto& [stopped_at, of_owner] : by_owner) {
    std::vector<ValueId> gradients;
    for (const ParameterUpdate* one : of_owner) gradients.push_back(one->gradient);
    gradients = append_gradient_scale(graph, limit, gradients, stopped_at);
    for (size_t i = 0; i < gradients.size(); ++i) of_owner[i]->gradient = gradients[i];
  }
}

bool is_adam(const OptimiserAttributes& attributes) {
  return attributes.kind == OptimiserKind::adam || attributes.kind == OptimiserKind::nadam;
}

}  // namespace

void append_ascent(Graph& graph, const OptimiserAttributes& attributes, std::span<const ParameterUpdate> given,
                   ValueId step) {
  std::vector<ParameterUpdate> parameters(given.begin(), given.end());
  if (attributes.kind == OptimiserKind::steepest) scale_gradients(graph, 0, parameters);
  if (attributes.clip_norm > 0) scale_gradients(graph, attributes.clip_norm, parameters);
  const bool adam = is_adam(attributes);
  const ValueId factors = adam ? append_adam_schedule(graph, attributes.adam, step)
                               : append_momentum_schedule(graph, attributes.momentum, step);
  for (const ParameterUpdate& one : parameters) {
    if (adam) {
      append_adam_update(graph, attributes.adam, one.parameter, one.gradient, factors, one.stopped_at);
    } else {
      append_momentum_update(graph, attributes.momentum, one.parameter, one.gradient, factors, one.stopped_at);
    }
  }
}

std::vector<std::string> optimiser_states(const OptimiserAttributes& attributes, const std::string& parameter) {
  std::vector<std::string> names = {first_moment_of(parameter)};
  if (is_adam(attributes)) names.push_back(second_moment_of(parameter));
  return names;
}

}  // namespace phosphene
