#include "experiment/photos/photo_features.h"

#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"
#include "runtime/program.h"

namespace phosphene {

HostTensor photo_features(const Model& model, const std::string& layer, const std::string& path, int64_t height,
                          int64_t width, Backend& backend) {
  require_photographs(model, path);
  const HostTensor photograph = resize_and_crop(read_photo(path), height, width);
  States states(backend);
  Graph graph;
  const ValueId input = graph.state(Model::kInput, {{1, 3, height, width}, Layout::channels_last, DType::f32});
  const ValueId value = ModelGraph(model, graph, input).value(layer);
  Program program(std::move(graph), std::vector<ValueId>{value}, backend, states);
  states.write(Model::kInput, prepare_input(model.preprocessing, photograph));
  program.run();
  return program.read_nchw(value);
}

}  // namespace phosphene
