#include "experiment/examples/unit_responses.h"

#include <algorithm>
#include <cmath>

#include "experiment/examples/network_fingerprint.h"
#include "experiment/examples/unit_list.h"
#include "experiment/photos/photo_file.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

UnitResponses::UnitResponses(const Model& model, const std::string& layer, const std::string& units,
                             std::vector<double> scales)
    : model_(model), layer_(model.resolve(layer)), scales_(std::move(scales)) {
  require_photographs(model_, model_.name);
  for (const double scale : scales_) sizes_.push_back(size_at(scale));
  units_ = parse_units(units, "--units", layer, sizes_.front().map.c);
  for (Size& size : sizes_) find_fields(size);
}

UnitResponses::Size UnitResponses::size_at(double scale) const {
  constexpr double kMaxScale = 16;
  if (!(scale > 0 && scale <= kMaxScale))
    fail("--scales", "expected a scale above 0 and at most {1}, got {0}", scale, kMaxScale);
  if (std::count(scales_.begin(), scales_.end(), scale) > 1) fail("--scales", "{} is given twice", scale);
  const auto pixels = [&](int64_t side) { return std::max(1LL, std::llround(scale * static_cast<double>(side))); };
  Size size;
  size.height = pixels(model_.height);
  size.width = pixels(model_.width);
  size.input = size.graph.state(Model::kInput, {{1, model_.channels, size.height, size.width}});
  try {
    size.value = ModelGraph(model_, size.graph, size.input).value(layer_);
  } catch (const Error& error) {
    if (scale == 1) throw;
    fail("--scales", "{} does not reach '{}': of {} x {} pixels {}; 1 is what the network was made for", scale, layer_,
         size.height, size.width, error.what());
  }
  size.map = size.graph.shape(size.value);
  return size;
}

void UnitResponses::find_fields(Size& size) const {
  for (const int64_t unit : units_) size.fields.push_back(receptive_field(size.graph, size.input, size.value, unit));
}

void UnitResponses::plan(Backend& backend) {
  int64_t bytes = 0;
  for (Size& size : sizes_) {
    ProgramOptions later;
    later.take_memory = false;
    size.states = std::make_unique<States>(backend);
    size.program =
        std::make_unique<Program>(size.graph, std::vector<ValueId>{size.value}, backend, *size.states, later);
    bytes +=
        size.program->bytes_to_take() + size.states->bytes_to_take() + size.program->graph().info(size.value).bytes();
  }
  require_memory(backend, bytes);
  for (Size& size : sizes_) size.program->take_memory();
}

std::vector<Responses> UnitResponses::to(const Photo& photo) {
  std::vector<Responses> responses(units_.size());
  for (size_t scale = 0; scale < sizes_.size(); ++scale) {
    Size& size = sizes_[scale];
    const std::vector<HostTensor> tiles = PhotoTiles(photo.height, photo.width, size.height, size.width).cut(photo);
    for (size_t tile = 0; tile < tiles.size(); ++tile) {
      size.states->write(Model::kInput, prepare_input(model_.preprocessing, tiles[tile]));
      size.program->run();
      Response at;
      at.scale = static_cast<int32_t>(scale);
      at.tile = static_cast<int32_t>(tile);
      add(size.program->read(size.value), size.map, at, responses);
    }
  }
  return responses;
}

void UnitResponses::add(const std::vector<float>& map, const Shape& shape, Response at,
                        std::vector<Responses>& responses) const {
  const float* channels = map.data();
  for (int64_t row = 0; row < shape.h; ++row) {
    at.row = static_cast<int32_t>(row);
    for (int64_t column = 0; column < shape.w; ++column, channels += shape.c) {
      at.column = static_cast<int32_t>(column);
      for (size_t i = 0; i < units_.size(); ++i) {
        at.activation = channels[units_[i]];
        responses[i].add(at);
      }
    }
  }
}

Box UnitResponses::crop(size_t unit, const Example& example) const {
  const auto& [photograph, response] = example;
  const Size& size = sizes_[static_cast<size_t>(response.scale)];
  const auto& [rows, columns] = size.fields[unit];
  const Box box{rows.first + response.row * rows.stride, columns.first + response.column * columns.stride, rows.size,
                columns.size};
  return PhotoTiles(photograph.height, photograph.width, size.height, size.width).in_photo(response.tile, box);
}

uint64_t UnitResponses::fingerprint() const { return network_fingerprint(model_, sizes_.front().graph); }

}  // namespace phosphene
