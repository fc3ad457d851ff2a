#include "cli/layer_list.h"

#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "layers/network/activation.h"
#include "layers/network/receptive_field.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"
#include "runtime/fuse.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

template <class P>
int64_t parameters_of(const P& problem) {
  if constexpr (requires {
                  problem.weights;
                  problem.bias;
                })
    return problem.weights.elements() + (problem.bias.data != nullptr ? problem.bias.elements() : 0);
  else
    return 0;
}

using Readers = std::map<std::string, std::vector<const Layer*>>;  // of each value

Readers readers_of(const Model& model) {
  Readers readers;
  for (const Layer& layer : model.layers)
    for (const std::string& input : layer.inputs) readers[input].push_back(&layer);
  return readers;
}

// The activation that alone reads a value, or the value itself.
const std::string& behind_activation(const Readers& readers, const std::string& value) {
  const auto found = readers.find(value);
  const bool activated = found != readers.end() && found->second.size() == 1 && is_activation(*found->second[0]->op);
  return activated ? found->second[0]->name : value;
}

// Where branches meet, behind the activation if there is one, and the maps that poolings read.
std::set<std::string> ends_of_blocks(const Model& model, const std::map<std::string, Shape>& shapes) {
  const Readers readers = readers_of(model);
  const auto is_map = [&](const std::string& value) {
    const auto found = shapes.find(value);
    return found != shapes.end() && found->second.h > 1 && found->second.w > 1;
  };
  std::set<std::string> ends;
  for (const Layer& layer : model.layers) {
    const std::string_view kind = layer.op->kind();
    const bool joins = kind == "concat" || (kind == "accumulate" && layer.inputs.size() > 1);
    if (joins && is_map(layer.name)) ends.insert(behind_activation(readers, layer.name));
    const bool pools = kind.find("pooling") != std::string_view::npos;
    if (pools && is_map(layer.inputs[0])) ends.insert(layer.inputs[0]);
  }
  return ends;
}

std::vector<ListedBranch> branches_of(const Layer& layer, const std::map<std::string, int64_t>& channels) {
  if (layer.op->kind() != "concat") return {};
  std::vector<ListedBranch> branches;
  int64_t first = 0;
  for (const std::string& input : layer.inputs) {
    const int64_t count = channels.at(input);
    branches.push_back({input, first, count});
    first += count;
  }
  return branches;
}

}  // namespace

LayerList list_layers(const Model& model, int64_t size) {
  LayerList list;
  Graph graph;
  const Shape input{1, model.channels, size > 0 ? size : model.height, size > 0 ? size : model.width};
  const ValueId image = graph.state(Model::kInput, {input});
  ModelGraph network(model, graph, image);
  for (const Layer& layer : model.layers) {
    try {
      network.value(layer.name);
    } catch (const Error& error) {
      if (size == 0) throw;
      if (list.unreached.empty()) list.why = error.what();
      list.unreached.push_back(layer.name);
    }
  }
  std::vector<ListedLayer>& rows = list.rows;
  std::map<std::string, Shape> shapes;
  const std::map<std::string, int64_t> channels = model.channel_counts();
  for (const Instruction& instruction : lower(graph)) {
    const ValueId value = instruction.dst.front();
    const ReceptiveField field = receptive_field(graph, image, value);
    const Layer* layer = model.find(instruction.layer);
    rows.push_back({.name = instruction.layer,
                    .kind = instruction.kind,
                    .shape = graph.shape(value),
                    .parameters = std::visit([](const auto& p) { return parameters_of(p); }, instruction.problem),
                    .flops = flops(instruction.problem),
                    .sees = std::max(field.rows.size, field.columns.size),
                    .stride = std::max(field.rows.stride, field.columns.stride),
                    .branches = layer == nullptr ? std::vector<ListedBranch>() : branches_of(*layer, channels)});
    shapes[instruction.layer] = rows.back().shape;
  }
  const std::set<std::string> ends = ends_of_blocks(model, shapes);
  for (ListedLayer& row : rows) row.ends_block = ends.contains(row.name);
  return list;
}

}  // namespace phosphene
