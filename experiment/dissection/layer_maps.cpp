#include "experiment/dissection/layer_maps.h"

#include <algorithm>
#include <utility>

#include "experiment/examples/network_fingerprint.h"
#include "experiment/examples/unit_list.h"
#include "layers/network/convolution.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"

namespace phosphene {

LayerMaps::LayerMaps(const Model& model, const std::string& layer, const std::string& units, int64_t height,
                     int64_t width)
    : model_(model), layer_(model.resolve(layer)), height_(height), width_(width) {
  require_photographs(model_, model_.name);
  Graph graph;
  const ValueId input = graph.state(Model::kInput, {{1, model_.channels, height_, width_}});
  const ValueId value = ModelGraph(model_, graph, input).value(layer_);
  map_ = graph.shape(value);
  if (map_.h * map_.w == 1)
    fail("--layer", "'{}' is not spatial: for {} x {} pixels it has one position; expected a layer with a map", layer,
         width_, height_);
  field_ = receptive_field(graph, input, value);
  fingerprint_ = network_fingerprint(model_, graph);
  units_ = parse_units(units, "--units", layer, map_.c);
}

void LayerMaps::add_directions(std::vector<float> rows) {
  directions_ += rows.size() / static_cast<size_t>(map_.c);
  direction_rows_.insert(direction_rows_.end(), rows.begin(), rows.end());
}

void LayerMaps::plan(Backend& backend, int64_t batch) {
  batch_ = batch;
  Graph graph;
  const ValueId input = graph.state(Model::kInput, {{batch, model_.channels, height_, width_}});
  value_ = ModelGraph(model_, graph, input).value(layer_);
  std::vector<ValueId> kept = {value_};
  if (directions_ > 0) {
    Weights weights = Weights::from(direction_rows_, {static_cast<int64_t>(directions_), map_.c, 1, 1});
    const auto project = std::make_shared<Convolution>(WindowAttributes{}, 1, std::move(weights), Weights{});
    projected_ = graph.append(project, {value_}, layer_ + ":directions");
    kept.push_back(projected_);
  }
  states_ = std::make_unique<States>(backend);
  program_ = std::make_unique<Program>(std::move(graph), kept, backend, *states_);
}

std::vector<std::vector<float>> LayerMaps::of(std::span<const HostTensor* const> photographs) {
  HostTensor images{{batch_, 3, height_, width_}, {}};
  for (const HostTensor* photograph : photographs)
    images.data.insert(images.data.end(), photograph->data.begin(), photograph->data.end());
  images.data.resize(
      static_cast<size_t>(images.dims[0] * 3 * height_ * width_));  // places without a photograph are black
  states_->write(Model::kInput, prepare_input(model_.preprocessing, images));
  program_->run();
  const std::vector<float> values = program_->read(value_);
  const std::vector<float> projected = directions_ > 0 ? program_->read(projected_) : std::vector<float>();
  const auto positions = static_cast<size_t>(map_.h * map_.w), channels = static_cast<size_t>(map_.c);
  std::vector<std::vector<float>> maps;
  for (size_t n = 0; n < photographs.size(); ++n) {
    std::vector<float>& map = maps.emplace_back();
    map.reserve(positions * rows());
    for (size_t position = n * positions; position < (n + 1) * positions; ++position) {
      for (const int64_t unit : units_) map.push_back(values[position * channels + static_cast<size_t>(unit)]);
      const float* row = projected.data() + position * directions_;
      map.insert(map.end(), row, row + directions_);
    }
  }
  return maps;
}

}  // namespace phosphene
