#include "tests/networks/network_run.h"

#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "experiment/objective/needed_channels.h"
#include "experiment/objective/term_list.h"
#include "layers/objective/direction_objective.h"
#include "layers/objective/diversity.h"
#include "layers/objective/layer_objective.h"
#include "layers/objective/unit_objective.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/differentiate.h"
#include "runtime/program.h"

namespace phosphene::testing {
namespace {

// Stored blobs of one image may lack N; vectors lack H and W.
Shape input_shape(const Array& input) {
  if (input.dims.size() == 3) return {1, input.dims[0], input.dims[1], input.dims[2]};
  return {input.dims.at(0), input.dims.at(1), input.dims.at(2), input.dims.at(3)};
}

std::vector<float> to_channels_last(const Array& input) {
  const Shape shape = input_shape(input);
  std::vector<float> nhwc(input.data.size());
  for (int64_t n = 0; n < shape.n; ++n) {
    for (int64_t c = 0; c < shape.c; ++c) {
      for (int64_t i = 0; i < shape.h * shape.w; ++i) {
        nhwc[static_cast<size_t>((n * shape.h * shape.w + i) * shape.c + c)] =
            static_cast<float>(input.data[static_cast<size_t>((n * shape.c + c) * shape.h * shape.w + i)]);
      }
    }
  }
  return nhwc;
}

// A graph that begins with the network's input.
struct Start {
  Start(const Model& model, const Array& array)
      : input(graph.state("input", {input_shape(array), Layout::channels_last, DType::f32})),
        network(model, graph, input) {}
  Graph graph;
  ValueId input;
  ModelGraph network;
};

ValueId append_objective(Graph& graph, ValueId activation, ObjectiveKind kind) {
  const Shape shape = graph.shape(activation);
  const auto rows = [&](const TensorInfo& info) { return graph.state("rows", info); };
  switch (kind) {
    case ObjectiveKind::unit:
      return graph.append(std::make_shared<UnitObjective>(), {activation, rows(unit_rows(shape.n))}, "objective");
    case ObjectiveKind::direction:
      return graph.append(
          std::make_shared<DirectionObjective>(),
          {activation, rows(direction_rows(shape.n)), graph.state("vectors", direction_vectors(1, shape.c))},
          "objective");
    case ObjectiveKind::layer:
      return graph.append(std::make_shared<LayerObjective>(), {activation, rows(layer_rows(shape.n))}, "objective");
    case ObjectiveKind::diversity:
      return append_diversity(graph, activation, rows(diversity_rows(shape.n)), shape.n, diversity_form(shape, shape.n),
                              "objective");
  }
  throw std::logic_error("an objective of no kind");
}

void write_rows(States& states, const NetworkObjective& objective, const Shape& shape) {
  const int32_t row = objective.at_centre ? static_cast<int32_t>(shape.h / 2) : kWholeMap;
  const int32_t column = objective.at_centre ? static_cast<int32_t>(shape.w / 2) : kWholeMap;
  const auto images = static_cast<size_t>(shape.n);
  switch (objective.kind) {
    case ObjectiveKind::unit:
      states.write("rows", std::vector<UnitRow>(images, {objective.unit, row, column, objective.weight}));
      break;
    case ObjectiveKind::direction:
      states.write("rows",
                   std::vector<DirectionRow>(
                       images, {.row = row, .column = column, .power = objective.power, .weight = objective.weight}));
      states.write("vectors", objective.direction);
      break;
    case ObjectiveKind::layer:
      states.write("rows", std::vector<LayerRow>(images, {objective.weight}));
      break;
    case ObjectiveKind::diversity:
      states.write("rows", std::vector<DiversityRow>(images, {objective.weight}));
      break;
  }
}

}  // namespace

std::map<std::string, HostTensor> activations(const Model& model, const Array& input,
                                              const std::vector<std::string>& layers) {
  Start start(model, input);
  std::vector<ValueId> kept;
  for (const std::string& layer : layers) kept.push_back(start.network.value(layer));
  const auto backend = make_cpu_backend();
  States states(*backend);
  Program program(start.graph, kept, *backend, states);
  states.write("input", to_channels_last(input));
  program.run();
  std::map<std::string, HostTensor> result;
  for (size_t i = 0; i < layers.size(); ++i) result[layers[i]] = program.read_nchw(kept[i]);
  return result;
}

InputGradient input_gradient(const Model& model, const Array& input, const NetworkObjective& asked) {
  Start start(model, input);
  NetworkObjective objective = asked;
  ValueId activation = kNoValue;
  if (objective.narrowed) {
    const Json terms = Json::array({{{"channel", {{"layer", objective.layer}, {"unit", objective.unit}}}}});
    const NeededBlock read = needed_channels(model, read_objective(JsonReader(terms, ""), 1)).at({0, 0});
    activation = start.network.value(read.block);
    objective.unit -= static_cast<int>(read.begin);
  } else {
    activation = start.network.value(objective.layer);
  }
  const ValueId value = append_objective(start.graph, activation, objective.kind);
  const ValueId gradient = differentiate(start.graph, std::vector<ValueId>{start.input}).at(0);
  const auto backend = make_cpu_backend();
  States states(*backend);
  Program program(start.graph, {value, gradient}, *backend, states);
  states.write("input", to_channels_last(input));
  write_rows(states, objective, start.graph.shape(activation));
  program.run();
  const std::vector<float> values = program.read(value);
  return {std::accumulate(values.begin(), values.end(), 0.0), program.read_nchw(gradient).data};
}

}  // namespace phosphene::testing
